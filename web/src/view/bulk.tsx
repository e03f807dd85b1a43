import {useState} from "preact/hooks";
import type {Video} from "../api";
import type {Library} from "../library";
import {sayToScreenReaders} from "../screen-reader";
import {t} from "../strings";
import {Icon} from "./icons";
import {DeleteQuestion} from "./question";

interface BulkProps {
  library: Library;
  /** The videos of the list. */
  videos: readonly Video[];
  /** Whether the list goes on beyond them. */
  areMore: boolean;
  picked: ReadonlySet<string>;
  onDeleted(ids: readonly string[]): void;
}

const observer = new ResizeObserver((bars) => {
  for (const {target} of bars) {
    const {height} = target.getBoundingClientRect();
    document.body.style.setProperty("--bulk-height", `${height}px`);
  }
});

/** Tell the style sheet the height of the bar: in a narrow window the tray is above it. */
function measure(bar: HTMLElement | null): void {
  if (bar) observer.observe(bar);
}

/** Acts on all marked videos. */
export function Bulk({library, videos, areMore, picked, onDeleted}: BulkProps) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = videos.filter(({id}) => picked.has(id));
  const retryable = chosen.filter(({error}) => error?.retryable).map(({id}) => id);
  const run = async (act: () => Promise<string[]>, success?: string) => {
    setBusy(true);
    const problems = await act();
    setBusy(false);
    setProblem(problems[0] ? t.someFailed(problems.length, problems[0]) : null);
    if (success && problems.length === 0) sayToScreenReaders(success);
  };
  const remove = () => {
    const ids = chosen.map(({id}) => id);
    void run(() => library.deleteAll(ids).finally(() => onDeleted(ids)), t.deleted(ids.length));
  };
  if (picked.size === 0 && !problem) return null;
  return (
    <section ref={measure} class="bulk" aria-label={t.selected(picked.size)}>
      <strong aria-live="polite">{t.selected(picked.size)}</strong>
      {problem && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {chosen.length < videos.length && (
        <button
          type="button"
          class="quiet-button"
          onClick={() => library.pickAll(videos.map(({id}) => id))}
        >
          {t.selectAll(videos.length, areMore)}
        </button>
      )}
      {retryable.length > 0 && (
        <button
          type="button"
          disabled={busy}
          onClick={() => run(() => library.retryAll(retryable))}
        >
          {t.retrySelected(retryable.length)}
        </button>
      )}
      {chosen.length > 0 && (
        <button type="button" class="danger" disabled={busy} onClick={() => setAsking(true)}>
          {t.deleteSelected(chosen.length)}
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        aria-label={t.clearSelection}
        onClick={() => {
          setProblem(null);
          library.pickNone();
        }}
      >
        <Icon name="close" />
      </button>
      {asking && (
        <DeleteQuestion videos={chosen} onDelete={remove} onClose={() => setAsking(false)} />
      )}
    </section>
  );
}
