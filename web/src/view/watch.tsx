import {useContext, useEffect, useRef, useState} from "preact/hooks";
import type {Video} from "../api";
import {sentenceOfPlayback} from "../api-sentences";
import {ApiContext} from "../context";
import {RightsContext} from "../rights";
import {t} from "../strings";
import {Picture} from "./card";
import {Icon} from "./icons";

const LARGE_WIDTH = 960;

/** The picture of a video, and in its place the player when it is asked for. */
export function Watch({video}: {video: Video}) {
  const {deliver} = useContext(RightsContext);
  const [state, setState] = useState<"picture" | "playing" | "failed">("picture");
  const playback = video.media?.playback;
  const note = video.media && playback?.browsers !== "all" ? sentenceOfPlayback(video.media) : null;
  const canPlay = video.media && deliver && playback?.browsers !== "none";
  return (
    <>
      <div class="picture">
        {state === "playing" ? (
          <Player video={video} onFailed={() => setState("failed")} />
        ) : (
          <LargePicture video={video} />
        )}
        {canPlay && state !== "playing" && (
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
      {note && (
        <p class="note" lang={note.lang}>
          {note.text}
        </p>
      )}
      <p class="error" role="alert" hidden={state !== "failed"}>
        {t.cannotPlay}
      </p>
    </>
  );
}

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

function Player({video, onFailed}: {video: Video; onFailed(): void}) {
  const element = useRef<HTMLVideoElement>(null);
  const timeline = useRef<HTMLDivElement>(null);
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  useEffect(() => {
    const player = element.current;
    if (!player) return;
    player.focus();
    let stop = () => {};
    let isGone = false;
    import("../player").then(({keepPlaying, previewMoments}) => {
      if (isGone) return;
      stop = keepPlaying(player, onFailed);
      const {storyboard_url: sheet, storyboard_json_url: json} = video.pictures ?? {};
      if (sheet && json && deliver && timeline.current)
        previewMoments(player, timeline.current, api.here(sheet), () => api.getStoryboard(json));
      // Not `source.url`: behind a proxy the API may not know the host of this page.
      player.src = api.url(`/videos/${video.id}/source`);
    }, onFailed);
    return () => {
      isGone = true;
      stop();
    };
  }, []);
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: the file may contain captions, and Clipo has no others */}
      <video
        ref={element}
        poster={deliver && video.thumbnail ? api.here(video.thumbnail.url) : undefined}
        aria-label={video.filename}
        tabIndex={0}
        controls
        autoPlay
        playsInline
      />
      {/* For the mouse only: the player's own timeline serves the keyboard. */}
      <div ref={timeline} class="moments" aria-hidden="true" hidden />
    </>
  );
}
