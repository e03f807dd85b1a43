import {useContext, useState} from "preact/hooks";
import {thumbHashToDataURL} from "thumbhash";
import type {Video} from "../api";
import {ago, bytes, duration} from "../format";
import {RightsContext} from "../rights";
import type {UploadProgress} from "../upload";

export const addressOf = (id: string) => `#/videos/${id}`;

export function Card({video, progress}: {video: Video; progress: UploadProgress | undefined}) {
  const {media, status} = video;
  const stopped = status === "pending" ? progress?.problem : null;
  const why = video.error?.message ?? stopped;
  return (
    <li class="card">
      <a href={addressOf(video.id)} data-video={video.id} data-status={status}>
        <div class="picture">
          <Picture video={video} stopped={Boolean(stopped)} />
          {media?.duration_s != null && <span class="length">{duration(media.duration_s)}</span>}
          {why && <span class="why">{why}</span>}
          {progress && <progress value={progress.fraction} aria-label="Uploaded" />}
        </div>
        <strong class="name" title={video.filename}>
          <bdi>{video.filename}</bdi>
        </strong>
        <span class="facts">
          <StatusMark video={video} progress={progress} />
          <span>{media ? `${media.width}×${media.height}` : bytes(video.size)}</span>
          {!progress && (
            <time dateTime={video.created_at}>{ago(video.created_at, Date.now())}</time>
          )}
        </span>
      </a>
    </li>
  );
}

export function StatusMark(props: {video: Video; progress: UploadProgress | undefined}) {
  const {status} = props.video;
  const stopped = status === "pending" && props.progress?.problem;
  return (
    <span class={`status ${stopped ? "failed" : status}`}>
      {statusText(status, props.progress)}
    </span>
  );
}

function statusText(status: string, progress: UploadProgress | undefined): string {
  if (status !== "pending" || !progress) return status;
  return `${uploadState(progress)} ${Math.floor(progress.fraction * 100)}%`;
}

function uploadState({problem, paused, offline}: UploadProgress): string {
  if (problem) return "stopped at";
  if (paused) return "paused";
  return offline ? "offline at" : "uploading";
}

/** The thumbnail, or a sign in its place; the size of the box depends on neither. */
export function Picture({video, stopped}: {video: Video; stopped: boolean}) {
  const {deliver} = useContext(RightsContext);
  const [broken, setBroken] = useState(false);
  const [loaded, setLoaded] = useState(false);
  const {thumbnail} = video;
  if (!thumbnail || !deliver || broken) {
    const sign = stopped ? "failed" : video.status;
    return <span key={sign} class={`no-picture ${sign}`} aria-hidden="true" />;
  }
  return (
    <img
      // Not `thumbnail.url`: behind a proxy the API may not know the host of this page.
      src={`/videos/${video.id}/thumbnail`}
      width={thumbnail.width}
      height={thumbnail.height}
      alt=""
      loading="lazy"
      decoding="async"
      style={loaded ? undefined : placeholderOf(thumbnail)}
      onLoad={() => setLoaded(true)}
      onError={() => setBroken(true)}
    />
  );
}

/** The blurred picture that the box shows until the thumbnail has loaded. */
function placeholderOf({placeholder}: NonNullable<Video["thumbnail"]>) {
  if (!placeholder) return undefined;
  const hash = Uint8Array.from(atob(placeholder), (char) => char.charCodeAt(0));
  return {backgroundImage: `url(${thumbHashToDataURL(hash)})`};
}
