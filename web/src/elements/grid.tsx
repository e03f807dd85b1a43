import {useLayoutEffect, useRef, useState} from "preact/hooks";
import type {ClipoGridElement, ClipoGridEvents} from "../../elements/index";
import {NEWEST_FIRST} from "../address";
import type {Video} from "../api";
import {sentenceOfFailure} from "../api-sentences";
import {ago, duration} from "../format";
import {Library} from "../library";
import {rightsOf} from "../rights";
import {t} from "../shared-strings";
import {useStore} from "../store";
import {useMinute} from "../view/minute";
import {Name} from "../view/name";
import {Picture} from "../view/picture";
import {useScrub} from "../view/scrub";
import {ClipoElement, type Connected, define} from "./base";
import {denialOf} from "./denial";
import style from "./grid.css";
import {s} from "./strings";

const NEWEST = {status: null, search: "", sort: NEWEST_FIRST};

class GridElement extends ClipoElement implements ClipoGridElement {
  static readonly observedAttributes = ["endpoint", "api"];

  declare addEventListener: ClipoGridElement["addEventListener"];
  declare removeEventListener: ClipoGridElement["removeEventListener"];

  protected readonly forbidden = s.mayNotList;
  private library: Library | undefined;
  private readonly onUploaded = () => this.library?.wake();

  constructor() {
    super(style);
  }

  /** Ask for the videos now. */
  refresh(): void {
    this.library?.wake();
  }

  emit<Name extends keyof ClipoGridEvents>(
    name: Name,
    detail: ClipoGridEvents[Name]["detail"],
  ): void {
    this.send(name, detail);
  }

  protected start(connected: Connected): void {
    const {api, me} = connected;
    const rights = me && rightsOf(me);
    if (!rights?.list) {
      this.deny("forbidden");
      return;
    }
    const onAnswer = (problem?: unknown) => this.noteAccess(denialOf(problem));
    const library = new Library(api, NEWEST, () => {}, onAnswer);
    this.library = library;
    document.addEventListener("clipo-uploaded", this.onUploaded);
    library.open(true);
    this.draw(connected, <View element={this} library={library} mayDelete={rights.write} />);
  }

  protected stop(): void {
    document.removeEventListener("clipo-uploaded", this.onUploaded);
    this.library?.close();
    this.library = undefined;
  }
}

interface ViewProps {
  element: GridElement;
  library: Library;
  mayDelete: boolean;
}

function View({element, library, mayDelete}: ViewProps) {
  const {videos, loaded, trouble, cursor} = useStore(library);
  const list = useRef<HTMLUListElement>(null);
  const empty = useRef<HTMLParagraphElement>(null);
  const [removed, setRemoved] = useState(0);
  const now = useMinute();
  const remove = async ({id}: Video) => {
    const [problem] = await library.deleteAll([id]);
    if (problem) throw new Error(problem);
    element.emit("clipo-deleted", {videoId: id});
    setRemoved(removed + 1);
  };
  useLayoutEffect(() => {
    if (removed) (empty.current ?? list.current)?.focus();
  }, [removed]);
  return (
    <>
      {trouble && (
        <p class="error" part="error" role="alert">
          {trouble}
        </p>
      )}
      {loaded && videos.length === 0 && (
        <p ref={empty} class="quiet" part="empty" tabIndex={-1}>
          {s.noVideos}
        </p>
      )}
      <ul
        ref={list}
        class="cards"
        part="grid"
        tabIndex={-1}
        aria-label={s.videos}
        aria-busy={!loaded}
        hidden={videos.length === 0}
      >
        {videos.map((video) => (
          <Card
            key={video.id}
            video={video}
            now={now}
            onSelect={() => element.emit("clipo-select", {videoId: video.id, video})}
            onDelete={mayDelete ? () => remove(video) : undefined}
          />
        ))}
      </ul>
      {cursor && (
        <button type="button" part="button" onClick={() => void library.loadMore()}>
          {t.showMore}
        </button>
      )}
    </>
  );
}

interface CardProps {
  video: Video;
  now: number;
  onSelect(): void;
  /** Undefined if the caller may not delete it. */
  onDelete: (() => Promise<void>) | undefined;
}

function Card({video, now, onSelect, onDelete}: CardProps) {
  const {filename, status, media, error, created_at} = video;
  const why = error && sentenceOfFailure(error);
  const scrub = useScrub(video);
  return (
    <li class="card" part="card" data-status={status}>
      <button type="button" class="select" part="select" data-video={video.id} onClick={onSelect}>
        <span class="picture" part="picture" {...scrub.handlers}>
          <Picture video={video} />
          {scrub.tile}
          {media?.duration_s != null && (
            <span class="length" part="length">
              {duration(media.duration_s)}
            </span>
          )}
        </span>
        <strong class="name" part="name" dir="auto" title={filename}>
          <Name of={filename} />
        </strong>
        <span class="facts" part="facts">
          <span class={`status ${status}`} part="status" data-status={status}>
            {t.statuses[status]}
          </span>
          <time dateTime={created_at}>{ago(created_at, now)}</time>
        </span>
        {why && (
          <span class="error" part="error" lang={why.lang}>
            {why.text}
          </span>
        )}
      </button>
      {onDelete && <Delete name={filename} onDelete={onDelete} />}
    </li>
  );
}

/** A button that deletes a video after a question. */
function Delete({name, onDelete}: {name: string; onDelete(): Promise<void>}) {
  const [state, setState] = useState<"closed" | "asks" | "deletes">("closed");
  const [problem, setProblem] = useState<string | null>(null);
  const first = useRef<HTMLButtonElement>(null);
  const opened = useRef(false);
  // Before the next key is pressed.
  useLayoutEffect(() => {
    if (opened.current) first.current?.focus();
    opened.current = true;
  }, [state === "closed"]);
  if (state === "closed")
    return (
      <button
        ref={first}
        type="button"
        part="button"
        aria-label={s.deleteVideo(name)}
        onClick={() => setState("asks")}
      >
        {t.delete}
      </button>
    );
  const run = () => {
    setState("deletes");
    onDelete().catch((error: Error) => {
      setProblem(error.message);
      setState("asks");
    });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <span class="question" part="question" role="group" aria-label={s.deleteVideo(name)}>
      <span>{problem ?? t.askDelete(1)}</span>
      <button type="button" part="button" disabled={state === "deletes"} onClick={run}>
        {t.deleteIt(1)}
      </button>
      <button ref={first} type="button" part="button" onClick={() => setState("closed")}>
        {t.keepIt(1)}
      </button>
    </span>
  );
}

define("clipo-grid", GridElement);
