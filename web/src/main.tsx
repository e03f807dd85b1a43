import {render} from "preact";
import {idInAddress, queryInAddress} from "./address";
import {Api, type Me} from "./api";
import {sentenceOfProblem} from "./api-sentences";
import {ApiContext} from "./context";
import "./page.css";
import "./view/name.css";
import {formats} from "./format";
import {Library} from "./library";
import {isNearlyUsedUp, limitsOf, usageOf} from "./limits";
import {language} from "./locale";
import {RightsContext, rightsOf} from "./rights";
import {sayToScreenReaders} from "./screen-reader";
import {Session} from "./session";
import {allowedExtensions, maxUploadBytes} from "./settings";
import {t} from "./strings";
import {Uploads} from "./upload/uploads";
import {Account} from "./view/account";
import {ChooseFiles, DropAnywhere} from "./view/drop";
import {Entrance} from "./view/entrance";
import {LibraryView} from "./view/library";
import {Settings} from "./view/settings";
import {Tray} from "./view/tray";

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page lacks #${id}.`);
  return found;
}

const limits = {maxBytes: maxUploadBytes, extensions: allowedExtensions};
const api: Api = new Api({
  endpoint: "",
  onRefused: () => session.onRefused(),
  sentenceOf: sentenceOfProblem,
});
const session = new Session(api);
const library = new Library(api, queryInAddress(t.sorts), ({filename, status}) =>
  sayToScreenReaders(t.statusOf(filename, t.statuses[status])),
);
let uploads: Uploads | undefined;
/** The number of videos that are shown. */
let counted = 0;
/** The caller whose videos are shown, as JSON; "null" if the log-in is shown. */
let shown: string | undefined;

function enter(me: Me): void {
  const rights = rightsOf(me);
  const person = me.owner ?? "";
  if (rights.upload)
    uploads ??= new Uploads(api, {
      limits,
      person,
      onVideo: (id) => library.follow(id),
      onMessage: sayToScreenReaders,
    });
  uploads?.enter(person);
  const mine = rights.upload ? uploads : undefined;
  element("workspace").hidden = false;
  drawUpload(mine);
  render(
    <ApiContext.Provider value={api}>
      <RightsContext.Provider value={rights}>
        <LibraryView library={library} uploads={mine} extensions={allowedExtensions} />
      </RightsContext.Provider>
    </ApiContext.Provider>,
    element("library"),
  );
  library.open(rights.list);
  if (me.video_id) library.follow(me.video_id);
  openFromAddress();
}

/** Draw what uploads. Without the right to upload the page still keeps drops from opening a file. */
function drawUpload(mine: Uploads | undefined): void {
  const add = mine && ((files: File[]) => mine.add(files));
  element("upload").hidden = !add;
  render(
    add && (
      <div class="drop">
        <ChooseFiles
          extensions={allowedExtensions}
          onFiles={add}
          class="primary"
          label={t.chooseVideos}
        />
        <span class="drop-hint">{t.orDrop}</span>
      </div>
    ),
    element("upload"),
  );
  render(<DropAnywhere onFiles={add} />, element("drop-anywhere"));
  render(mine && <Tray uploads={mine} limits={limits} />, element("tray"));
}

function showLimits(me: Me): void {
  const usage = usageOf(me);
  const limits = (
    <>
      {formats(allowedExtensions)} · {limitsOf(me)}
      {usage && <> · {isNearlyUsedUp(me) ? <strong>{usage}</strong> : usage}</>}
    </>
  );
  render(rightsOf(me).upload ? limits : t.mayNotUpload, element("limits"));
}

function leave(): void {
  library.close();
  sayToScreenReaders("");
  const place = element("library");
  render(null, place);
  // The page as it is served has a heading there.
  place.replaceChildren();
  drawUpload(undefined);
  element("workspace").hidden = true;
}

function openFromAddress(): void {
  if (shown !== "null") library.select(idInAddress());
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
  sayToScreenReaders(t.loggedIn);
}

async function logOut(): Promise<void> {
  await uploads?.cancelAll();
  await session.logOut();
}

const unfinished = () => uploads?.unfinished ?? 0;

history.scrollRestoration = "manual";
document.documentElement.lang = language;
element("skip").textContent = t.skip;
render(
  <>
    <Account session={session} unfinished={unfinished} onLogOut={logOut} />
    <Settings session={session} />
  </>,
  element("account"),
);
render(<Entrance session={session} unfinished={unfinished} />, element("entrance"));
session.subscribe(follow);
library.subscribe(() => {
  const {length} = library.current.videos;
  // The use of a quota has changed, too.
  if (length !== counted && session.current.me?.usage) void session.check();
  counted = length;
});
for (const event of ["popstate", "hashchange"]) window.addEventListener(event, openFromAddress);
void session.check();
