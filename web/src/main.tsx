import "./memory";
import {render} from "preact";
import "./page.css";
import {announce} from "./announce";
import {bytes} from "./format";
import {Library} from "./library";
import {allowedExtensions, maxUploadBytes} from "./settings";
import {startUploads} from "./upload";
import {LibraryView} from "./view/library";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page lacks #${id}.`);
  return found;
}

const library = new Library((video) => announce(`${video.filename}: ${video.status}`));
const uploads = startUploads("#upload", {
  onVideo: () => library.wake(),
  onProgress: () => library.notify(),
  onMessage: announce,
});
element("limits").textContent =
  `${allowedExtensions.join(", ")}; at most ${bytes(maxUploadBytes)} each.`;
const place = element("library");
place.replaceChildren();
render(<LibraryView library={library} uploads={uploads} />, place);

const openFromAddress = () => {
  const id = /^#\/videos\/(.+)$/.exec(location.hash)?.[1] ?? null;
  library.select(id);
};
window.addEventListener("hashchange", openFromAddress);
openFromAddress();
library.wake();
