import {useContext, useEffect, useLayoutEffect, useState} from "preact/hooks";
import {idInAddress, openInAddress} from "../address";
import type {Video} from "../api";
import {sentenceOfFailure} from "../api-sentences";
import {callsFor, type Piece, PROGRAMS, type Program, textOf} from "../calls";
import {ApiContext} from "../context";
import {type Fact, factsOf} from "../facts";
import {moment} from "../format";
import type {Library} from "../library";
import {RightsContext} from "../rights";
import {t} from "../strings";
import {timelineOf} from "../timeline";
import type {Uploads} from "../upload/uploads";
import {StatusMark} from "./card";
import {CopyButton} from "./copy";
import {Dialog} from "./dialog";
import {ChooseFiles} from "./drop";
import {Icon} from "./icons";
import {useMinute} from "./minute";
import {DeleteQuestion} from "./question";
import {Segments} from "./segments";
import {Watch} from "./watch";

/** How far from its end the list is continued, so that the next video is there in time. */
const NEAR_END = 3;

interface DetailsProps {
  video: Video | null;
  /** The videos of the list, which may lack the open one. */
  videos: readonly Video[];
  /** Whether the list goes on beyond them. */
  areMore: boolean;
  missing: string | null;
  library: Library;
  uploads: Uploads | undefined;
  extensions: readonly string[];
  onClose(): void;
  onDeleted(id: string): void;
}

export function Details(props: DetailsProps) {
  const {video, videos, areMore, missing, library, onClose} = props;
  const place = videos.findIndex(({id}) => id === video?.id);
  useArrows(library);
  const isNearEnd = areMore && place >= videos.length - NEAR_END;
  // Each step retries a page that failed to load.
  useEffect(() => {
    if (isNearEnd) void library.loadMore();
  }, [isNearEnd, place, videos.length]);
  // The place of the video in the list: after it is deleted, the next one has it.
  const [at, setAt] = useState("");
  useEffect(() => {
    const item = document.querySelector(`#library [data-video="${video?.id}"]`);
    setAt((before) => item?.closest("[data-at]")?.getAttribute("data-at") ?? before);
  }, [video?.id]);
  return (
    <Dialog
      name={video ? "details" : "question"}
      title={video ? <bdi>{video.filename}</bdi> : t.noSuchVideo}
      buttons={place >= 0 && <Neighbours {...{place, videos, areMore, library}} />}
      onClose={onClose}
      returnTo={() => placeOf(video?.id, at)}
    >
      {(close) =>
        video ? (
          <Tabs {...props} video={video} close={close} />
        ) : (
          <>
            <p>{t.noSuchVideoHelp(decoded(missing ?? ""))}</p>
            <div class="actions">
              <button type="button" class="primary" onClick={close}>
                {t.showAll}
              </button>
            </div>
          </>
        )
      }
    </Dialog>
  );
}

/** Return a part of an address as the person has typed it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the link of a video in the list, of its follower, of the last one, or the list. */
function placeOf(id: string | undefined, at: string): HTMLElement | null {
  const find = (selector: string) =>
    [...document.querySelectorAll<HTMLElement>(`#library ${selector}`)].at(-1);
  const follower = find(`[data-at="${at}"] [data-video]`);
  return (
    find(`[data-video="${id}"]`) ??
    follower ??
    find("[data-video]") ??
    document.getElementById("library")
  );
}

/** Open the video beside the open one, as soon as the list has loaded it. */
async function step(library: Library, offset: -1 | 1): Promise<void> {
  const id = idInAddress();
  if (!id) return;
  const other = await library.beside(id, offset);
  if (other && idInAddress() === id) openInAddress(other.id);
}

/** Open the video before or after the open one with the arrow keys. */
function useArrows(library: Library): void {
  useLayoutEffect(() => {
    const onKey = ({key, target, altKey, ctrlKey, metaKey}: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey || document.querySelector("dialog.question")) return;
      if ((target as Element).closest?.("video, input, select, pre, [role=tablist]")) return;
      const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      void step(library, key === forward ? 1 : -1);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [library]);
}

interface NeighboursProps extends Pick<DetailsProps, "videos" | "areMore" | "library"> {
  /** The index of the open video in the list. */
  place: number;
}

/** Says which video of the list is open, and leads to those beside it. */
function Neighbours({place, videos, areMore, library}: NeighboursProps) {
  const isLast = place === videos.length - 1 && !areMore;
  const to = (offset: -1 | 1) => () => void step(library, offset);
  return (
    <>
      <span class="position">{t.position(place + 1, videos.length, areMore)}</span>
      <Neighbour isEnd={place === 0} label={t.previous} icon="left" onClick={to(-1)} />
      <Neighbour isEnd={isLast} label={t.next} icon="right" onClick={to(1)} />
    </>
  );
}

interface NeighbourProps {
  isEnd: boolean;
  label: string;
  icon: "left" | "right";
  onClick(): void;
}

/** At the ends of the list a disabled button would lose the focus. */
const Neighbour = ({isEnd, label, icon, onClick}: NeighbourProps) => (
  <button
    type="button"
    class="icon-button"
    aria-label={label}
    aria-disabled={isEnd}
    tabIndex={isEnd ? -1 : 0}
    onClick={onClick}
  >
    <Icon name={icon} />
  </button>
);

interface TabProps extends DetailsProps {
  video: Video;
  close(): void;
}

const TABS = {overview: t.overview, api: t.api};

function Tabs(props: TabProps) {
  const [tab, setTab] = useState<keyof typeof TABS>("overview");
  const turn = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = tab === "overview" ? "api" : "overview";
    setTab(other);
    document.getElementById(`tab-${other}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" onKeyDown={turn}>
        {(Object.keys(TABS) as (keyof typeof TABS)[]).map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            id={`tab-${one}`}
            aria-selected={tab === one}
            aria-controls="tab-panel"
            tabIndex={tab === one ? 0 : -1}
            onClick={() => setTab(one)}
          >
            {TABS[one]}
          </button>
        ))}
      </div>
      <div key={props.video.id} id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "overview" ? <Overview {...props} /> : <Calls video={props.video} />}
      </div>
    </>
  );
}

function Overview(props: TabProps) {
  const {video} = props;
  const {deliver} = useContext(RightsContext);
  return (
    <>
      {video.error && <Failure {...props} />}
      <div class="overview">
        <p class="state">
          <StatusMark video={video} />
        </p>
        <div class="watch">
          <Watch video={video} />
          {video.thumbnail && !deliver && <p class="quiet">{t.noPicture}</p>}
          <Actions {...props} />
          <Timeline video={video} />
        </div>
        <div class="groups">
          {factsOf(video).map(({title, facts}) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {facts.map((fact) => (
                  <FactRow key={fact.name} fact={fact} />
                ))}
              </dl>
            </section>
          ))}
        </div>
      </div>
    </>
  );
}

function FactRow({fact: {name, value, copy, lang}}: {fact: Fact}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd lang={lang}>
        {copy === null ? value : <bdi class="code">{value}</bdi>}
        {copy !== null && <CopyButton text={copy} what={name} />}
      </dd>
    </div>
  );
}

/** Says why a video failed, and offers the one action that can help. */
function Failure({video, library, uploads, extensions, close}: TabProps) {
  const {write} = useContext(RightsContext);
  const [run, busy, problem] = useAction();
  const {error} = video;
  if (!error) return null;
  const {text, lang} = sentenceOfFailure(error);
  return (
    <div class="banner">
      <p lang={lang}>
        {text} <code>{error.code}</code>
      </p>
      {error.retryable && write && (
        <button
          type="button"
          class="primary"
          disabled={busy}
          onClick={() =>
            run(async () => {
              const [why] = await library.retryAll([video.id]);
              if (why) throw new Error(why);
            })
          }
        >
          {t.retryNow}
        </button>
      )}
      {!error.retryable && uploads && (
        <ChooseFiles
          extensions={extensions}
          onFiles={(files) => {
            uploads.add(files);
            close();
          }}
          class="primary"
          label={t.uploadAnother}
        />
      )}
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
    </div>
  );
}

/** Return a function that runs an action, whether one runs, and why the last one failed. */
function useAction() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = async (action: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await action();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return [run, busy, problem] as const;
}

function Actions({video, library, onDeleted, close}: TabProps) {
  const api = useContext(ApiContext);
  const {write, deliver} = useContext(RightsContext);
  const [asking, setAsking] = useState(false);
  const [run, busy, problem] = useAction();
  const remove = () =>
    run(async () => {
      const [why] = await library.deleteAll([video.id]);
      if (why) throw new Error(why);
      onDeleted(video.id);
      close();
    });
  const download = deliver && video.media && (
    // Not `source.url`: behind a proxy the API may not know the host of this page.
    <a class="button" href={api.url(`/videos/${video.id}/source?download`)}>
      {t.download}
    </a>
  );
  return (
    <div class="actions">
      {download}
      {write ? (
        <button type="button" class="danger last" disabled={busy} onClick={() => setAsking(true)}>
          {t.delete}
        </button>
      ) : (
        <p class="quiet">{t.mayNotChange}</p>
      )}
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
      {asking && (
        <DeleteQuestion videos={[video]} onDelete={remove} onClose={() => setAsking(false)} />
      )}
    </div>
  );
}

function Timeline({video}: {video: Video}) {
  const now = useMinute();
  return (
    <section>
      <h3>{t.groups.history}</h3>
      <ol class="timeline">
        {timelineOf(video, now).map(({what, when, more}) => (
          <li key={what}>
            <strong>{what}</strong>
            {when && <time dateTime={when}>{moment(when)}</time>}
            {more && <span>{more}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Calls({video}: {video: Video}) {
  const rights = useContext(RightsContext);
  const [program, setProgram] = useState<Program>("curl");
  return (
    <>
      <Segments<Program>
        name="programs"
        legend={t.programs}
        choices={Object.keys(PROGRAMS) as Program[]}
        chosen={program}
        onChoose={setProgram}
      >
        {(one) => PROGRAMS[one]}
      </Segments>
      <ol class="calls">
        {callsFor(program, video, location.origin, rights).map(({title, code}) => (
          <li key={title}>
            <span>{title}</span>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the keyboard can scroll it */}
            {/* biome-ignore lint/a11y/useSemanticElements: a section would not keep the lines */}
            <pre tabIndex={0} role="region" aria-label={title}>
              {code.map(isolateFilename)}
            </pre>
            <CopyButton text={textOf(code)} what={title} />
          </li>
        ))}
      </ol>
    </>
  );
}

const isolateFilename = (piece: Piece) =>
  typeof piece === "string" ? piece : <bdi>{piece.filename}</bdi>;
