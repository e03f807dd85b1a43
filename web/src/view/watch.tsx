import {useContext, useEffect, useRef, useState} from "preact/hooks";
import type {Video} from "../api";
import {keepPlaying} from "../player";
import {RightsContext} from "../rights";
import {Picture} from "./card";

// Not `source.url`: behind a proxy the API may not know the host of this page.
const sourceOf = ({id}: Video) => `/videos/${id}/source`;

/** The picture of a video, and the buttons that play it in its place or save the file. */
export function Watch({video, stopped}: {video: Video; stopped: boolean}) {
  const {source} = useContext(RightsContext);
  const [state, setState] = useState<"picture" | "playing" | "failed">("picture");
  return (
    <div>
      <div class="picture">
        {state === "playing" ? (
          <Player video={video} onFailed={() => setState("failed")} />
        ) : (
          <Picture video={video} stopped={stopped} />
        )}
      </div>
      {video.media && source && (
        <div class="actions">
          {state !== "playing" && (
            <button type="button" class="primary" onClick={() => setState("playing")}>
              Play
            </button>
          )}
          <a class="button" href={`${sourceOf(video)}?download`}>
            Download
          </a>
          <p class="error" role="alert" hidden={state !== "failed"}>
            This browser cannot play the file, or has lost the connection. Download it, or try
            again.
          </p>
        </div>
      )}
    </div>
  );
}

function Player({video, onFailed}: {video: Video; onFailed(): void}) {
  const element = useRef<HTMLVideoElement>(null);
  const {deliver} = useContext(RightsContext);
  useEffect(() => {
    const player = element.current;
    if (!player) return;
    player.focus();
    return keepPlaying(player, onFailed);
  }, []);
  return (
    // biome-ignore lint/a11y/useMediaCaption: the file may contain captions, and Clipo has no others
    <video
      ref={element}
      src={sourceOf(video)}
      poster={deliver ? `/videos/${video.id}/thumbnail` : undefined}
      aria-label={video.filename}
      controls
      autoPlay
      playsInline
    />
  );
}
