import "./memory";
import {render} from "preact";
import "./page.css";
import {bytes} from "./format";
import {Library} from "./library";
import {sayToScreenReaders} from "./screen-reader";
import {allowedExtensions, maxUploadBytes} from "./settings";
import {startUploads} from "./upload";
import {LibraryView} from "./view/library";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page lacks #${id}.`);
  return found;
}

const library = new Library((video) => sayToScreenReaders(`${video.filename}: ${video.status}`));
const uploads = startUploads("#upload", {
  onVideo: () => library.wake(),
  onProgress: () => library.notify(),
  onMessage: sayToScreenReaders,
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
