import "./memory";
import {render} from "preact";
import type {Me} from "./api";
import "./page.css";
import {Library} from "./library";
import {limitsOf} from "./limits";
import {RightsContext, rightsOf} from "./rights";
import {sayToScreenReaders} from "./screen-reader";
import {Session} from "./session";
import {allowedExtensions} from "./settings";
import {startUploads, type Uploads} from "./upload";
import {Account} from "./view/account";
import {Entrance} from "./view/entrance";
import {LibraryView} from "./view/library";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page lacks #${id}.`);
  return found;
}

const session = new Session();
const library = new Library((video) => sayToScreenReaders(`${video.filename}: ${video.status}`));
let uploads: Uploads | undefined;
/** The number of videos that are shown. */
let counted = 0;
/** The caller whose videos are shown, as JSON; "null" if the log-in is shown. */
let shown: string | undefined;

function enter(me: Me): void {
  const rights = rightsOf(me);
  const person = me.owner ?? "";
  if (rights.upload)
    uploads ??= startUploads("#upload", person, {
      onVideo: (id) => library.follow(id),
      onProgress: () => library.notify(),
      onMessage: sayToScreenReaders,
    });
  uploads?.enter(person);
  element("upload").hidden = !rights.upload;
  element("workspace").hidden = false;
  render(
    <RightsContext.Provider value={rights}>
      <LibraryView library={library} uploads={uploads} />
    </RightsContext.Provider>,
    element("library"),
  );
  library.open(rights.list);
  if (me.video_id) library.follow(me.video_id);
  openFromAddress();
}

function showLimits(me: Me): void {
  element("limits").textContent = rightsOf(me).upload
    ? `${allowedExtensions.join(", ")}; ${limitsOf(me)}`
    : "You may not upload here: that needs the scope upload.";
}

function leave(): void {
  library.close();
  const place = element("library");
  render(null, place);
  // The page as it is served has a heading there.
  place.replaceChildren();
  element("workspace").hidden = true;
}

function openFromAddress(): void {
  const id = /^#\/videos\/(.+)$/.exec(location.hash)?.[1] ?? null;
  library.select(id);
}

/** Show what the caller may see. Uploads continue while the log-in is shown. */
function follow(): void {
  const {me} = session.current;
  const before = shown;
  if (me) showLimits(me);
  const caller = JSON.stringify(me && {...me, usage: null});
  if (me === undefined || caller === before) return;
  shown = caller;
  leave();
  if (me) enter(me);
  if (!me || before !== "null") return;
  element("library").focus({preventScroll: true});
  sayToScreenReaders("You are logged in.");
}

async function logOut(): Promise<void> {
  await uploads?.cancel();
  await session.logOut();
}

render(
  <Account session={session} unfinished={() => uploads?.unfinished() ?? 0} onLogOut={logOut} />,
  element("account"),
);
render(
  <Entrance session={session} unfinished={() => uploads?.unfinished() ?? 0} />,
  element("entrance"),
);
session.subscribe(follow);
library.subscribe(() => {
  const {length} = library.current.videos;
  // The use of a quota has changed, too.
  if (length !== counted && session.current.me?.usage) void session.check();
  counted = length;
});
window.addEventListener("hashchange", openFromAddress);
void session.check();
