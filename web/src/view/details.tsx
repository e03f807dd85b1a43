import type {ComponentChildren} from "preact";
import {useContext, useState} from "preact/hooks";
import {deleteVideo, retryVideo, type Stream, type Video} from "../api";
import {callsFor, type Piece, textOf} from "../curl";
import {bitRate, bytes, count, duration, moment} from "../format";
import {RightsContext} from "../rights";
import {timelineOf} from "../timeline";
import type {UploadProgress} from "../upload";
import {StatusMark} from "./card";
import {Dialog} from "./dialog";
import {Watch} from "./watch";

interface DetailsProps {
  video: Video | null;
  missing: string | null;
  progress: UploadProgress | undefined;
  onChanged(video: Video): void;
  onDeleted(id: string): void;
}

const showAll = () => {
  // Not `history.back()`: the page may have been opened at this address.
  history.replaceState(null, "", location.pathname);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
};

export function Details({video, missing, progress, onChanged, onDeleted}: DetailsProps) {
  return (
    <Dialog
      name="details"
      title={video ? <bdi>{video.filename}</bdi> : "There is no such video"}
      onClose={showAll}
    >
      {(close) =>
        video ? (
          <>
            <Overview video={video} progress={progress} />
            <Actions
              video={video}
              onChanged={onChanged}
              onDeleted={(id) => {
                close();
                onDeleted(id);
              }}
            />
            <Timeline video={video} />
            <Calls video={video} />
          </>
        ) : (
          <>
            <p>
              Video <bdi>{missing}</bdi> does not exist. Perhaps it was deleted, or the address is
              incomplete.
            </p>
            <button type="button" class="primary" onClick={close}>
              Show all videos
            </button>
          </>
        )
      }
    </Dialog>
  );
}

function Overview({video, progress}: {video: Video; progress: UploadProgress | undefined}) {
  const {deliver} = useContext(RightsContext);
  const stopped = video.status === "pending" ? progress?.problem : null;
  return (
    <div class="overview">
      <Watch video={video} stopped={Boolean(stopped)} />
      <div>
        <p class="state">
          <StatusMark video={video} progress={progress} />
        </p>
        {stopped && <p class="error">{stopped}</p>}
        {video.thumbnail && !deliver && (
          <p class="quiet">
            You may not see its picture: that needs the scope <code>deliver</code>.
          </p>
        )}
        {video.error && (
          <p class="error">
            {video.error.message} <code>{video.error.code}</code>
          </p>
        )}
        <dl>
          {factsOf(video).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}

function factsOf(video: Video): [string, ComponentChildren][] {
  return [
    ...mediaFacts(video),
    [
      "Size",
      video.size < 1000 ? bytes(video.size) : `${bytes(video.size)} (${count(video.size)} bytes)`,
    ],
    ["Type", video.content_type],
    ["Visibility", video.visibility],
    ...(video.passthrough ? [["Passthrough", video.passthrough] as [string, string]] : []),
    ...(video.owner
      ? [["Owner", <bdi key="owner">{video.owner}</bdi>] as [string, ComponentChildren]]
      : []),
    ["ID", <code key="id">{video.id}</code>],
  ];
}

function mediaFacts({media, thumbnail}: Video): [string, string][] {
  if (!media) return [];
  const rotated = media.rotation ? `, rotated by ${media.rotation}°` : "";
  const picture = media.frame_rate ? `, ${count(media.frame_rate)} frames/s` : "";
  return [
    ["Length", media.duration_s === null ? "unknown" : duration(media.duration_s)],
    ["Picture", `${media.width}×${media.height}${rotated}, ${media.video_codec}${picture}`],
    ["Audio", media.has_audio ? (media.audio_codec ?? "unknown") : "none"],
    ["Container", media.container],
    ...(media.playback ? [["Browsers", media.playback.message] as [string, string]] : []),
    ["Bit rate", media.bit_rate === null ? "unknown" : bitRate(media.bit_rate)],
    ...(media.created_at ? [["Recorded", moment(media.created_at)] as [string, string]] : []),
    ...media.streams.map((stream): [string, string] => [
      `Stream ${stream.index}`,
      streamFacts(stream),
    ]),
    ...(thumbnail ? [["Thumbnail", thumbnailFact(thumbnail)] as [string, string]] : []),
  ];
}

/** Return "video, h264 High 4.0, 8 bits" or "audio, aac, stereo, 48000 Hz, eng". */
function streamFacts(stream: Stream): string {
  const {kind, codec, profile, level, bit_depth, hdr, channel_layout, sample_rate} = stream;
  return [
    kind,
    [codec, profile, level].filter(Boolean).join(" "),
    bit_depth && `${bit_depth} bits`,
    hdr?.replace("_", " "),
    channel_layout,
    sample_rate && `${count(sample_rate)} Hz`,
    stream.language,
  ]
    .filter(Boolean)
    .join(", ");
}

const thumbnailFact = ({at_s, fallback}: NonNullable<Video["thumbnail"]>) =>
  fallback === "start" ? "first frame (there is none at 10%)" : `frame at ${count(at_s)} s`;

function Actions({
  video,
  onChanged,
  onDeleted,
}: Omit<DetailsProps, "video" | "missing" | "progress"> & {video: Video}) {
  const {write} = useContext(RightsContext);
  const [asking, setAsking] = useState<boolean | "no longer">(false);
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
  const retry = () => run(async () => onChanged(await retryVideo(video.id)));
  const remove = () =>
    run(async () => {
      await deleteVideo(video.id);
      onDeleted(video.id);
    });
  if (!write)
    return (
      <p class="quiet">
        You may not retry or delete it: that needs the scope <code>write</code>.
      </p>
    );
  return (
    <div class="actions">
      {asking === true ? (
        <div class="confirm" role="alertdialog" aria-labelledby="confirm">
          <span id="confirm">Delete this video and all its files for good?</span>
          <button type="button" class="danger" disabled={busy} onClick={remove}>
            Delete it
          </button>
          <button type="button" ref={focus} onClick={() => setAsking("no longer")}>
            Keep it
          </button>
        </div>
      ) : (
        <>
          {video.status === "failed" && (
            <button
              type="button"
              class={video.error?.retryable ? "primary" : undefined}
              disabled={busy}
              onClick={retry}
            >
              Process it again
            </button>
          )}
          <button
            type="button"
            ref={asking === "no longer" ? focus : null}
            onClick={() => setAsking(true)}
          >
            Delete…
          </button>
        </>
      )}
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
    </div>
  );
}

const focus = (element: HTMLElement | null) => element?.focus();

function Timeline({video}: {video: Video}) {
  return (
    <section>
      <h3>What happened</h3>
      <ol class="timeline">
        {timelineOf(video).map(({what, when, more}) => (
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
  return (
    <section>
      <h3>Use the API</h3>
      <ol class="calls">
        {callsFor(video, location.origin, rights).map(({title, command}) => (
          <li key={title}>
            <span>{title}</span>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the keyboard can scroll it */}
            <pre tabIndex={0}>{command.map(isolateFilename)}</pre>
            <CopyButton text={textOf(command)} what={title} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const isolateFilename = (piece: Piece) =>
  typeof piece === "string" ? piece : <bdi>{piece.filename}</bdi>;

function CopyButton({text, what}: {text: string; what: string}) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
    setTimeout(() => setCopied(null), 2000);
  };
  const label = {true: "Copied", false: "Select and copy it", null: "Copy"}[
    String(copied) as "null"
  ];
  return (
    <button
      type="button"
      class="copy"
      aria-label={copied === null ? `Copy: ${what}` : label}
      onClick={copy}
    >
      {label}
    </button>
  );
}
