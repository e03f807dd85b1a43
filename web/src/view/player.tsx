import {useContext, useEffect, useRef} from "preact/hooks";
import type {Video} from "../api";
import {ApiContext} from "../context";
import {RightsContext} from "../rights";

interface PlayerProps {
  videoId: string;
  name: string;
  poster: string | undefined;
  /** The addresses of the storyboard as the API names them; null without one. */
  storyboard: {sheet: string; json: string} | null;
  /** Whether it plays and has the focus at once. */
  autoPlay?: boolean;
  /** Called with the error if the address of the file cannot be had. */
  onFailed(problem?: Error): void;
}

/** Plays a video, also after its signed address has ended, and shows its pictures while one scrubs. */
export function Player({videoId, name, poster, storyboard, autoPlay, onFailed}: PlayerProps) {
  const element = useRef<HTMLVideoElement>(null);
  const timeline = useRef<HTMLDivElement>(null);
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  useEffect(() => {
    const player = element.current;
    if (!player) return;
    if (autoPlay) player.focus();
    let stop = () => {};
    let isGone = false;
    import("../player").then(({keepPlaying, previewMoments}) => {
      if (isGone) return;
      const address = async () => (await api.getSource(videoId)).url;
      stop = keepPlaying(player, address, onFailed);
      if (storyboard && deliver && timeline.current)
        previewMoments(player, timeline.current, api.here(storyboard.sheet), () =>
          api.getStoryboard(storyboard.json),
        );
    }, onFailed);
    return () => {
      isGone = true;
      stop();
    };
  }, [videoId]);
  return (
    <>
      <div class="picture" part="picture">
        {/* biome-ignore lint/a11y/useMediaCaption: the file may contain captions, and Clipo has no others */}
        <video
          ref={element}
          part="video"
          poster={poster}
          aria-label={name}
          tabIndex={0}
          controls
          autoPlay={autoPlay}
          playsInline
          preload="metadata"
        />
      </div>
      {/* For the pointer only: the player's own timeline serves the keyboard. */}
      <div ref={timeline} class="moments" part="moments" aria-hidden="true" hidden />
    </>
  );
}

/** Return the addresses of a video's storyboard, if it has one. */
export function storyboardOf({pictures}: Video): PlayerProps["storyboard"] {
  const {storyboard_url: sheet, storyboard_json_url: json} = pictures ?? {};
  return sheet && json ? {sheet, json} : null;
}
