import {useContext, useState} from "preact/hooks";
import type {Video} from "../api";
import {sentenceOfPlayback} from "../api-sentences";
import {ApiContext} from "../context";
import {RightsContext} from "../rights";
import {t} from "../strings";
import {waitsFor} from "../waiting";
import {Icon} from "./icons";
import {useMinute} from "./minute";
import {Picture} from "./picture";
import {Player, storyboardOf} from "./player";

const LARGE_WIDTH = 960;

/** The picture of a video, and in its place the player when it is asked for. */
export function Watch({video}: {video: Video}) {
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  const {thumbnail} = video;
  const now = useMinute();
  const [state, setState] = useState<"picture" | "playing" | "failed">("picture");
  const playback = video.media?.playback;
  const note = video.media && playback?.browsers !== "all" ? sentenceOfPlayback(video.media) : null;
  const canPlay = video.media && deliver && playback?.browsers !== "none";
  return (
    <>
      {state === "playing" ? (
        <Player
          videoId={video.id}
          name={video.filename}
          poster={thumbnail ? api.here(thumbnail.url) : undefined}
          storyboard={storyboardOf(video)}
          autoPlay
          onFailed={() => setState("failed")}
        />
      ) : (
        <div class="picture">
          <LargePicture video={video} />
          {video.status === "pending" && <span class="why">{waitsFor(video, now)}</span>}
          {video.status === "processing" && <span class="why">{t.beingProcessed}</span>}
          {canPlay && (
            <button
              type="button"
              class="play"
              aria-label={t.play}
              onClick={() => setState("playing")}
            >
              <Icon name="play" />
            </button>
          )}
        </div>
      )}
      {note && (
        <p class="note" lang={note.lang}>
          {note.text}
        </p>
      )}
      {warningsOf(video).map((warning) => (
        <p key={warning} class="note">
          {warning}
        </p>
      ))}
      <p class="error" role="alert" hidden={state !== "failed"}>
        {t.cannotPlay}
      </p>
    </>
  );
}

/** Codes that are newer than the page are for programs only. */
const warningsOf = ({warnings}: Video) => warnings.flatMap((code) => t.warnings[code] ?? []);

/** The thumbnail, and then the same moment in the size of the dialog. */
function LargePicture({video}: {video: Video}) {
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  const [isThere, setThere] = useState(false);
  const {thumbnail, pictures} = video;
  return (
    <>
      <Picture video={video} />
      {thumbnail && pictures && deliver && (
        <img
          class={`large${thumbnail.height > thumbnail.width ? " tall" : ""}`}
          src={api.here(`${pictures.image_url}&t=${thumbnail.at_s}&w=${LARGE_WIDTH}`)}
          alt=""
          hidden={!isThere}
          onLoad={() => setThere(true)}
        />
      )}
    </>
  );
}
