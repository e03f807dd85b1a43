import {useLayoutEffect, useRef, useState} from "preact/hooks";
import type {ClipoUploadElement, ClipoUploadEvents} from "../../elements/index";
import type {Me, Video} from "../api";
import {sentenceOfFailure} from "../api-sentences";
import {t} from "../shared-strings";
import {useStore} from "../store";
import type {Limits, Refusal} from "../upload/refusals";
import {type Upload, Uploads} from "../upload/uploads";
import {ChooseFiles, listenForFiles} from "../view/drop";
import {Icon} from "../view/icons";
import {Refusals, Row, useFocusKept} from "../view/upload-row";
import {ClipoElement, type Connected, define} from "./base";
import {isDenial} from "./denial";
import {Followed} from "./following";
import {s} from "./strings";
import style from "./upload.css";

/** The API's codes for files that the element refuses itself. */
const CODES: Record<Refusal["reason"], string> = {
  format: "unsupported_extension",
  large: "file_too_large",
  empty: "empty_file",
  duplicate: "duplicate",
};

/** How long the row of a done video stays if a grid shows the video, too. */
const DONE_SHOWN_MS = 5000;

/** What elements with the same API and the same person share: uploads go on while none is in the page. */
interface Shared {
  uploads: Uploads;
  followed: Followed;
  limits: Limits;
  elements: Set<UploadElement>;
}

const all = new Map<string, Shared>();

class UploadElement extends ClipoElement implements ClipoUploadElement {
  static readonly observedAttributes = [
    "endpoint",
    "api",
    "accept",
    "capture",
    "multiple",
    "disabled",
  ];

  declare addEventListener: ClipoUploadElement["addEventListener"];
  declare removeEventListener: ClipoUploadElement["removeEventListener"];

  protected readonly forbidden = s.mayNotUpload;
  private shared: Shared | undefined;
  private connected: Connected | undefined;
  private readonly onDeleted = ({detail}: Event & {detail?: {videoId: string}}) =>
    detail && this.shared?.followed.dismiss(detail.videoId);
  private message = "";

  constructor() {
    super(style);
  }

  /** Upload files, as if the user had chosen them. */
  add(files: Iterable<File>): void {
    const chosen = [...files];
    this.shared?.uploads.add(
      this.hasAttribute("multiple") ? chosen : chosen.slice(0, 1),
      this.getAttribute("passthrough") ?? undefined,
    );
  }

  /** End all uploads of the user, delete their videos, and forget their files: for a log-out. */
  async cancelAll(): Promise<void> {
    await this.shared?.uploads.cancelAll();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (name === "endpoint" || name === "api") super.attributeChangedCallback(name, before, after);
    else this.show();
  }

  /** Have screen readers say a sentence. */
  tell(sentence: string): void {
    this.message = sentence;
    this.show();
  }

  emit<Name extends keyof ClipoUploadEvents>(
    name: Name,
    detail: ClipoUploadEvents[Name]["detail"],
  ): void {
    this.send(name, detail);
  }

  protected start(connected: Connected): void {
    this.connected = connected;
    this.shared = sharedFor(connected);
    this.shared.elements.add(this);
    document.addEventListener("clipo-deleted", this.onDeleted);
    this.show();
  }

  protected stop(): void {
    document.removeEventListener("clipo-deleted", this.onDeleted);
    this.shared?.elements.delete(this);
    this.shared = this.connected = undefined;
  }

  private show(): void {
    const {shared, connected} = this;
    if (!shared || !connected?.me) return;
    const mayUpload = connected.me.scopes.includes("upload") && !connected.me.video_id;
    if (mayUpload) this.draw(connected, <View element={this} {...shared} message={this.message} />);
    else this.deny("forbidden");
  }
}

function sharedFor({api, me}: Connected): Shared {
  const {owner, limits: own} = me as Me;
  const place = `clipo-uploads ${api.url("")}`;
  const key = `${place} ${owner}`;
  const known = all.get(key);
  if (known) return known;
  const limits = {maxBytes: own.video_bytes, extensions: null};
  const elements = new Set<UploadElement>();
  const toAll = (act: (element: UploadElement) => void) => {
    for (const element of elements) act(element);
  };
  const followed = new Followed(api, (video) => {
    toAll((one) => tellEnd(one, video));
    if (video.status === "done" && [...elements].some(standsByItsGrid))
      setTimeout(() => followed.dismiss(video.id), DONE_SHOWN_MS);
  });
  const uploads = new Uploads(api, {
    limits,
    person: owner ?? "",
    place,
    onMessage: (sentence) => toAll((one) => one.tell(sentence)),
    onUploaded: ({videoId = "", name}) => {
      if (videoId) void followed.follow(videoId);
      toAll((one) => {
        one.noteAccess(null);
        one.emit("clipo-uploaded", {videoId, name});
      });
    },
    onFailed: ({name, videoId, problem}, code) =>
      toAll((one) => {
        one.emit("clipo-failed", {name, videoId, code, message: problem ?? ""});
        if (isDenial(code)) one.noteAccess(code);
      }),
    onRefused: (name, reason) => {
      const message = t.refusal([name], reason, limits);
      const detail = {name, videoId: undefined, code: CODES[reason], message};
      toAll((one) => one.emit("clipo-failed", detail));
    },
  });
  uploads.subscribe(() => {
    for (const upload of uploads.current.uploads) toAll((one) => tellProgress(one, upload));
  });
  const shared = {uploads, followed, limits, elements};
  all.set(key, shared);
  return shared;
}

/** Tell whether a grid in the same document or shadow root lists what an element uploads. */
function standsByItsGrid(element: UploadElement): boolean {
  const root = element.getRootNode() as Document | ShadowRoot;
  return [...root.querySelectorAll("clipo-grid")].some((grid) =>
    ["endpoint", "api"].every((name) => grid.getAttribute(name) === element.getAttribute(name)),
  );
}

/** What the page was told last of each upload, as JSON. */
const told = new WeakMap<UploadElement, Map<string, string>>();

function tellProgress(element: UploadElement, upload: Upload): void {
  const {videoId, name, size, state, fraction, bytesPerS, secondsLeft} = upload;
  const detail = {videoId, name, size, state, fraction, bytesPerS, secondsLeft};
  const before = told.get(element) ?? new Map<string, string>();
  told.set(element, before);
  const text = JSON.stringify(detail);
  if (before.get(upload.id) === text) return;
  before.set(upload.id, text);
  element.emit("clipo-progress", detail);
}

function tellEnd(element: UploadElement, video: Video): void {
  const {id, filename, error} = video;
  element.tell(t.statusOf(filename, t.statuses[video.status]));
  if (!error) element.emit("clipo-done", {videoId: id, name: filename, video});
  else
    element.emit("clipo-failed", {
      name: filename,
      videoId: id,
      code: error.code,
      message: sentenceOfFailure(error).text,
    });
}

function View({
  element,
  uploads,
  followed,
  limits,
  message,
}: Shared & {element: UploadElement; message: string}) {
  const {uploads: rows, refusals} = useStore(uploads);
  const {videos} = useStore(followed);
  const [hovers, setHovers] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const finished = useRef<HTMLUListElement>(null);
  const isDisabled = element.hasAttribute("disabled");
  useFocusKept(list, rows);
  useFocusKept(finished, videos);
  useLayoutEffect(
    () =>
      listenForFiles(element, setHovers, isDisabled ? undefined : (files) => element.add(files)),
    [element, isDisabled],
  );
  const isMany = element.hasAttribute("multiple");
  const open = rows.filter(({state}) => state !== "uploaded");
  return (
    <>
      <div id="upload" class="drop" part="drop" data-hovers={hovers}>
        <ChooseFiles
          extensions={limits.extensions}
          accept={element.getAttribute("accept")}
          single={!isMany}
          capture={cameraOf(element)}
          disabled={isDisabled}
          onFiles={(files) => element.add(files)}
          class="primary"
          label={isMany ? t.chooseVideos : s.chooseVideo}
        />
        <span class="hint" part="hint">
          {hovers ? t.dropNow : isMany ? s.orDropMany : s.orDropOne}
        </span>
      </div>
      <Refusals refusals={refusals} uploads={uploads} limits={limits} />
      <ul
        ref={list}
        class="uploads"
        part="uploads"
        aria-label={t.uploads}
        hidden={open.length === 0}
      >
        {open.map((row) => (
          <Row key={row.id} row={row} uploads={uploads} limits={limits} />
        ))}
      </ul>
      {videos.length > 0 && (
        <ul ref={finished} class="uploads" part="videos" aria-label={s.uploadedVideos}>
          {videos.map((video) => (
            <Finished key={video.id} video={video} onDismiss={() => followed.dismiss(video.id)} />
          ))}
        </ul>
      )}
      <p class="unseen" role="status">
        {message}
      </p>
    </>
  );
}

function cameraOf(element: Element): "user" | "environment" | null {
  const camera = element.getAttribute("capture");
  if (camera === null) return null;
  return camera === "user" ? "user" : "environment";
}

/** An uploaded video, which Clipo processes or has processed. */
function Finished({video, onDismiss}: {video: Video; onDismiss(): void}) {
  const {filename, status, error} = video;
  const why = error && sentenceOfFailure(error);
  return (
    <li class="upload" part="upload" data-state={status}>
      <bdi class="name" part="name" title={filename}>
        {filename}
      </bdi>
      <span class="buttons">
        <button
          type="button"
          class="icon-button"
          part="icon-button"
          aria-label={`${t.dismiss}: ${filename}`}
          onClick={onDismiss}
        >
          <Icon name="close" />
        </button>
      </span>
      <span class={`status ${status}`} part="status" data-status={status}>
        {t.statuses[status]}
      </span>
      {why && (
        <p class="error" part="error" lang={why.lang}>
          {why.text}
        </p>
      )}
    </li>
  );
}

define("clipo-upload", UploadElement);
