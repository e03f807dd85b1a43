import {useContext, useMemo, useState} from "preact/hooks";
import {thumbHashToDataURL} from "thumbhash";
import type {Video} from "../api";
import {ApiContext} from "../context";
import {RightsContext} from "../rights";

/** The thumbnail, or a sign in its place; the size of the box depends on neither. */
export function Picture({video}: {video: Video}) {
  const api = useContext(ApiContext);
  const {deliver} = useContext(RightsContext);
  const [broken, setBroken] = useState(false);
  const {thumbnail} = video;
  const backdrop = useMemo(() => placeholderOf(thumbnail?.placeholder), [thumbnail?.placeholder]);
  if (!thumbnail || !deliver || broken)
    return <span key={video.status} class={`no-picture ${video.status}`} aria-hidden="true" />;
  const isTall = thumbnail.height > thumbnail.width;
  return (
    <>
      <span class="backdrop" style={backdrop && {backgroundImage: `url(${backdrop})`}} />
      <img
        src={api.here(thumbnail.url)}
        class={isTall ? "tall" : undefined}
        width={thumbnail.width}
        height={thumbnail.height}
        alt=""
        loading="lazy"
        decoding="async"
        onError={() => setBroken(true)}
      />
    </>
  );
}

/** The blurred picture that the box shows until the thumbnail has loaded, and beside a tall one. */
function placeholderOf(placeholder: string | null | undefined): string | undefined {
  if (!placeholder) return undefined;
  return thumbHashToDataURL(Uint8Array.from(atob(placeholder), (char) => char.charCodeAt(0)));
}
