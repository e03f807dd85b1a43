import {memo} from "preact/compat";
import {useState} from "preact/hooks";
import {addressOf} from "../address";
import type {Video} from "../api";
import {sentenceOfFailure} from "../api-sentences";
import {ago, bytes, duration} from "../format";
import {sayToScreenReaders} from "../screen-reader";
import {t} from "../strings";
import {waitsFor} from "../waiting";
import {Name} from "./name";
import {Picture} from "./picture";
import {useScrub} from "./scrub";

export interface ItemProps {
  video: Video;
  /** Its place in the list, and the number of all videos in it. */
  at: number;
  of: number;
  picked: boolean;
  /** The minute of the drawing, so that relative times stay true. */
  minute: number;
  onOpen(id: string): void;
  /** Undefined if the caller may do nothing with several videos. */
  onPick: ((id: string, range: boolean) => void) | undefined;
  /** Process a failed video again, and return why not. Undefined if the caller may not. */
  onRetry: ((id: string, at: number) => Promise<string | undefined>) | undefined;
}

function CardOf(props: ItemProps) {
  const {video, at, of, picked, minute, onOpen, onPick} = props;
  const {media} = video;
  const [failure, retry] = useRetry(props);
  const why = failure ?? <Waiting video={video} now={minute} />;
  const scrub = useScrub(video);
  return (
    <li class="card" data-at={at} aria-posinset={at + 1} aria-setsize={of} data-picked={picked}>
      <OpenLink video={video} onOpen={onOpen} onPick={onPick}>
        <div class="picture" {...scrub.handlers}>
          <Picture video={video} />
          {scrub.tile}
          {media?.duration_s != null && <span class="length">{duration(media.duration_s)}</span>}
          {why}
        </div>
        <Title of={video} />
        <span class="facts">
          <StatusMark video={video} />
          {video.warnings.includes("truncated") && <span class="warning">{t.incomplete}</span>}
          <time dateTime={video.created_at}>{ago(video.created_at, minute)}</time>
          <span>{media ? `${media.width}×${media.height}` : bytes(video.size)}</span>
        </span>
      </OpenLink>
      {onPick && <Pick video={video} picked={picked} onPick={onPick} />}
      {retry}
    </li>
  );
}

export const Card = memo(CardOf);

function RowOf(props: ItemProps) {
  const {video, at, of, picked, minute, onOpen, onPick} = props;
  const {media} = video;
  const [failure, retry] = useRetry(props);
  const why = failure ?? <Waiting video={video} now={minute} />;
  return (
    <tr data-at={at} aria-rowindex={at + 2} data-picked={picked} data-of={of}>
      {onPick && (
        <td>
          <Pick video={video} picked={picked} onPick={onPick} />
        </td>
      )}
      <td class="row-name">
        <div>
          <OpenLink video={video} onOpen={onOpen} onPick={onPick}>
            <span class="picture">
              <Picture video={video} />
            </span>
            <span class="label">
              <Title of={video} />
              <span class="facts">
                <StatusMark video={video} />
                <time dateTime={video.created_at}>{ago(video.created_at, minute)}</time>
              </span>
              {why}
            </span>
          </OpenLink>
          {retry}
        </div>
      </td>
      <td class="extra">
        <StatusMark video={video} />
      </td>
      <td class="number extra amount">
        {media?.duration_s == null ? "" : duration(media.duration_s)}
      </td>
      <td class="number frame">{media ? `${media.width}×${media.height}` : ""}</td>
      <td class="number extra amount">{bytes(video.size)}</td>
      <td class="number extra">
        <time dateTime={video.created_at}>{ago(video.created_at, minute)}</time>
      </td>
    </tr>
  );
}

export const Row = memo(RowOf);

/** Says what a pending video waits for, whose upload this tab does not show. */
const Waiting = ({video, now}: {video: Video; now: number}) =>
  video.status === "pending" ? <span class="why">{waitsFor(video, now)}</span> : null;

/** Return why a video failed, or why its retry did not begin, and the button that retries it. */
function useRetry({video, at, onRetry}: ItemProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useProblem(video);
  const {id, filename, error} = video;
  if (!error) return [];
  const {text, lang} = problem ? {text: problem} : sentenceOfFailure(error);
  const run = async () => {
    if (busy) return;
    setBusy(true);
    const why = await onRetry?.(id, at);
    setBusy(false);
    setProblem(why);
    if (why) sayToScreenReaders(why);
  };
  return [
    <span class={problem ? "why error" : "why"} lang={lang} title={text}>
      {text}
    </span>,
    error.retryable && onRetry && <RetryButton name={filename} busy={busy} onClick={run} />,
  ];
}

/** Return why the last action on a video failed, until the video changes, and its setter. */
function useProblem({updated_at}: Video) {
  const [last, setLast] = useState<{text: string | undefined; seen: string}>();
  const problem = last?.seen === updated_at ? last.text : undefined;
  const setProblem = (text: string | undefined) => setLast({text, seen: updated_at});
  return [problem, setProblem] as const;
}

interface RetryButtonProps {
  name: string;
  busy: boolean;
  onClick(): void;
}

/** A disabled button would lose the focus. */
const RetryButton = ({name, busy, onClick}: RetryButtonProps) => (
  <button
    type="button"
    class="retry"
    aria-label={t.retry(name)}
    aria-disabled={busy}
    onClick={onClick}
  >
    {t.retryIt}
  </button>
);

/** A name has a direction of its own. */
const Title = ({of: {filename}}: {of: Video}) => (
  <strong class="name" dir="auto" title={filename}>
    <Name of={filename} />
  </strong>
);

interface OpenLinkProps {
  video: Video;
  onOpen(id: string): void;
  onPick: ItemProps["onPick"];
  // biome-ignore lint/suspicious/noExplicitAny: Preact's own type of children
  children: any;
}

/** A link to a video. With the shift key it marks all videos up to this one instead. */
function OpenLink({video, onOpen, onPick, children}: OpenLinkProps) {
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.shiftKey && onPick) onPick(video.id, true);
    else onOpen(video.id);
  };
  return (
    <a
      href={addressOf(video.id)}
      data-video={video.id}
      data-status={video.status}
      onClick={onClick}
    >
      {children}
    </a>
  );
}

function Pick({video, picked, onPick}: Pick<ItemProps, "video" | "picked"> & PickProps) {
  return (
    <label class="pick">
      <input
        type="checkbox"
        checked={picked}
        aria-label={t.select(video.filename)}
        onClick={(event) => onPick(video.id, event.shiftKey)}
      />
    </label>
  );
}

interface PickProps {
  onPick(id: string, range: boolean): void;
}

export function StatusMark({video: {status}}: {video: Video}) {
  return (
    <span class={`status ${status}`}>
      <span class="word">{t.statuses[status]}</span>
    </span>
  );
}
