import {useContext, useState} from "preact/hooks";
import type {ClipoPlayerElement} from "../../elements/index";
import type {Video} from "../api";
import {type Sentence, sentenceOfFailure, sentenceOfPlayback} from "../api-sentences";
import {ApiContext} from "../context";
import {t} from "../shared-strings";
import {Player, storyboardOf} from "../view/player";
import {ClipoElement, type Connected, define} from "./base";
import {type Denial, denialOf} from "./denial";
import {find, isFinished} from "./following";
import style from "./player.css";
import {s} from "./strings";

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 5000;
const GROWTH = 1.3;
/** The largest that a token for deliveries may have: docs/delivery.md. */
const POSTER_WIDTH = 1280;
const VIDEO_ID = /^[0-9a-f]{24}$/i;

class PlayerElement extends ClipoElement implements ClipoPlayerElement {
  static readonly observedAttributes = ["endpoint", "api", "video-id"];

  declare addEventListener: ClipoPlayerElement["addEventListener"];
  declare removeEventListener: ClipoPlayerElement["removeEventListener"];

  protected readonly forbidden = s.mayNotSee;
  // Everyone may play a public video.
  protected override readonly isForEveryone = true;
  private asked = 0;

  constructor() {
    super(style);
  }

  get videoId(): string | null {
    return this.getAttribute("video-id");
  }

  set videoId(id: string | null) {
    if (id === null) this.removeAttribute("video-id");
    else this.setAttribute("video-id", id);
  }

  protected start(connected: Connected): void {
    const {videoId} = this;
    if (!videoId) this.draw(connected, <p class="quiet">{s.noVideoChosen}</p>);
    // Another text could name another address of the API.
    else if (!VIDEO_ID.test(videoId)) this.show(connected, null);
    else if (connected.me?.scopes.some((scope) => scope === "read" || scope === "upload"))
      void this.follow(connected, videoId, ++this.asked);
    // Without the right to see its record, the addresses are known all the same.
    else this.draw(connected, <Delivered id={videoId} onDenied={this.denierFor(connected)} />);
  }

  protected stop(): void {
    this.asked++;
  }

  /** Show the video when it is done. */
  private async follow(connected: Connected, id: string, asked: number): Promise<void> {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * GROWTH, LAST_DELAY_MS)) {
      const found = await find(connected.api, id).catch(denialOf);
      if (asked !== this.asked) return;
      if (typeof found === "string") this.deny(found);
      else if (found !== undefined) this.show(connected, found);
      if (isLast(found)) return;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  private show(connected: Connected, video: Video | null): void {
    this.noteAccess(null);
    const onDenied = this.denierFor(connected);
    this.draw(
      connected,
      video ? <Known video={video} onDenied={onDenied} /> : <p class="quiet">{s.videoIsGone}</p>,
    );
  }

  /** Without a credential there is no session that could have ended: the video is not public. */
  private denierFor({me}: Connected): OnDenied {
    return (denial) => this.deny(me ? denial : "forbidden");
  }
}

type OnDenied = (denial: Denial) => void;

/** Whether another answer would be the same. A session may come back, but a right does not. */
function isLast(found: Video | Denial | null | undefined): boolean {
  if (typeof found === "string") return found === "forbidden";
  return found === null || (found !== undefined && isFinished(found));
}

/** A video whose record the caller may see. */
function Known({video, onDenied}: {video: Video; onDenied: OnDenied}) {
  const api = useContext(ApiContext);
  const {id, filename, status, media, error, thumbnail, pictures} = video;
  const playback = media?.playback;
  if (error) {
    const {text, lang} = sentenceOfFailure(error);
    return (
      <p class="error" part="error" lang={lang}>
        {text}
      </p>
    );
  }
  if (!media)
    return (
      <p class="quiet" part="status" data-status={status} role="status">
        {t.statusOf(filename, t.statuses[status])}
      </p>
    );
  return (
    <Playable
      id={id}
      name={filename}
      poster={
        thumbnail && pictures ? api.here(`${pictures.image_url}&w=${POSTER_WIDTH}`) : undefined
      }
      storyboard={storyboardOf(video)}
      note={playback?.browsers === "all" ? null : sentenceOfPlayback(media)}
      isHopeless={playback?.browsers === "none"}
      onDenied={onDenied}
    />
  );
}

/** A video of which the caller gets the file and the pictures only. */
function Delivered({id, onDenied}: {id: string; onDenied: OnDenied}) {
  const api = useContext(ApiContext);
  const at = (name: string) => api.url(`/videos/${id}/${name}`);
  return (
    <Playable
      id={id}
      name={s.video}
      poster={api.delivered(`/videos/${id}/thumbnail`)}
      storyboard={{sheet: at("storyboard.jpg"), json: at("storyboard.json")}}
      note={null}
      isHopeless={false}
      onDenied={onDenied}
    />
  );
}

interface PlayableProps {
  id: string;
  name: string;
  poster: string | undefined;
  storyboard: {sheet: string; json: string} | null;
  /** Why some browsers cannot play it. */
  note: Sentence | null;
  /** Whether no browser can. */
  isHopeless: boolean;
  onDenied: OnDenied;
}

function Playable({id, name, poster, storyboard, note, isHopeless, onDenied}: PlayableProps) {
  const [hasFailed, setFailed] = useState(false);
  const onFailed = (problem?: Error) => {
    const denial = denialOf(problem);
    if (denial) onDenied(denial);
    else setFailed(true);
  };
  const canPlay = !isHopeless && !hasFailed;
  return (
    <>
      {canPlay && (
        <Player
          videoId={id}
          name={name}
          poster={poster}
          storyboard={storyboard}
          onFailed={onFailed}
        />
      )}
      {!canPlay && poster && <img class="poster" part="poster" src={poster} alt="" />}
      {hasFailed && (
        <p class="error" part="error" role="alert">
          {t.cannotPlay}
        </p>
      )}
      {note && (
        <p class="note" part="note" lang={note.lang}>
          {note.text}
        </p>
      )}
      {(note || hasFailed) && <Download id={id} />}
    </>
  );
}

function Download({id}: {id: string}) {
  const api = useContext(ApiContext);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async () => {
    try {
      const {url} = await api.getSource(id, "&download");
      // The browser stays on the page, because the storage sends it as an attachment.
      location.assign(url);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <>
      <button type="button" part="button" onClick={save}>
        {t.download}
      </button>
      <p class="error" part="error" role="alert" hidden={!problem}>
        {problem}
      </p>
    </>
  );
}

define("clipo-player", PlayerElement);
