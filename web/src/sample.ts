/** Records a short sample video, so that a new user can try the page. Loaded when it is asked for. */

const SECONDS = 3;
const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_S = 25;
const TYPES = {"video/mp4": "mp4", "video/webm": "webm"} as const;

/** Return a video of a moving picture. Raises an error if the browser cannot record one. */
export async function recordSample(): Promise<File> {
  const type = Object.keys(TYPES).find((one) => MediaRecorder.isTypeSupported(one));
  const canvas = Object.assign(document.createElement("canvas"), {width: WIDTH, height: HEIGHT});
  const context = canvas.getContext("2d");
  if (!type || !context) throw new Error("This browser records no video.");
  let frame = 0;
  draw(context, frame);
  const recorder = new MediaRecorder(canvas.captureStream(FRAMES_PER_S), {mimeType: type});
  const parts: Blob[] = [];
  recorder.ondataavailable = ({data}) => parts.push(data);
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  const timer = setInterval(() => draw(context, ++frame), 1000 / FRAMES_PER_S);
  setTimeout(() => recorder.stop(), SECONDS * 1000);
  await stopped;
  clearInterval(timer);
  return new File(parts, `sample.${TYPES[type as keyof typeof TYPES]}`, {type});
}

function draw(context: CanvasRenderingContext2D, frame: number): void {
  const sky = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  sky.addColorStop(0, `hsl(${250 + frame / 2} 70% 30%)`);
  sky.addColorStop(1, `hsl(${190 + frame} 80% 60%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = "#fff";
  context.beginPath();
  context.arc(80 + frame * 6, 230 - 90 * Math.abs(Math.sin(frame / 9)), 36, 0, 7);
  context.fill();
  context.font = "600 56px system-ui, sans-serif";
  context.fillText("Clipo", 48, 320);
}
