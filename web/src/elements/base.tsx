/** What all elements have in common: a shadow root with our style, and a connection to the API. */

import {type ComponentChild, render} from "preact";
import {type Api, ApiProblem, type Me, Unreachable} from "../api";
import {ApiContext} from "../context";
import {RightsContext, rightsOf} from "../rights";
import name from "../view/name.css";
import common from "./common.css";
import {type Connection, connect} from "./connection";
import {type Denial, denialOf} from "./denial";
import {s} from "./strings";

const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 30_000;

export interface Connected {
  api: Api;
  /** Null for the viewer of a public video, who has no credential. */
  me: Me | null;
}

export abstract class ClipoElement extends HTMLElement {
  /** Whether the element also works without a credential. */
  protected readonly isForEveryone: boolean = false;
  /** The sentence for a user without the right. */
  protected abstract readonly forbidden: string;
  private denial: Denial | null = null;
  private readonly root = this.attachShadow({mode: "open"});
  private timer: ReturnType<typeof setTimeout> | undefined;
  private connection: Connection | undefined;
  /** Grows whenever the connection begins or ends, so that late answers are dropped. */
  private round = 0;

  constructor(style: string) {
    super();
    // A policy of the page against inline styles does not forbid these.
    this.root.adoptedStyleSheets = [name, common, style].map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return sheet;
    });
  }

  connectedCallback(): void {
    // Attributes that a script sets right after the element was made count, too.
    queueMicrotask(() => this.isConnected && void this.open(++this.round));
  }

  disconnectedCallback(): void {
    this.round++;
    this.denial = null;
    clearTimeout(this.timer);
    this.release();
    this.stop();
    render(null, this.root);
  }

  attributeChangedCallback(_: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }

  /** Tell the page that access is denied, once until it is granted (null). */
  noteAccess(denial: Denial | null): void {
    const isNews = denial !== this.denial;
    this.denial = denial;
    if (denial && isNews)
      this.send("clipo-denied", {code: denial, message: this.sentenceOf(denial)});
  }

  /** Begin to show what the caller may see. */
  protected abstract start(connected: Connected): void;

  /** End what `start` began. */
  protected abstract stop(): void;

  protected draw({api, me}: Connected, child: ComponentChild): void {
    const rights = me ? rightsOf(me) : PUBLIC;
    render(
      <ApiContext.Provider value={api}>
        <RightsContext.Provider value={rights}>{child}</RightsContext.Provider>
      </ApiContext.Provider>,
      this.root,
    );
  }

  /** Show only why access is denied. */
  protected deny(denial: Denial): void {
    this.say(this.sentenceOf(denial));
    this.noteAccess(denial);
  }

  protected send(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, {detail, bubbles: true, composed: true}));
  }

  private async open(round: number, delay = FIRST_RETRY_MS): Promise<void> {
    try {
      this.connection ??= connect(this.getAttribute("endpoint"), this.getAttribute("api"));
      const api = await this.connection.api;
      const me = await this.callerOf(api);
      if (round !== this.round) return;
      this.noteAccess(null);
      this.start({api, me});
    } catch (error) {
      if (round !== this.round) return;
      this.release();
      console.warn(`<${this.localName}>`, error);
      const denial = denialOf(error);
      if (denial) this.deny(denial);
      else this.say((error as Error).message);
      const next = () => void this.open(round, Math.min(delay * 2, LAST_RETRY_MS));
      if (error instanceof Unreachable || error instanceof ApiProblem)
        this.timer = setTimeout(next, delay);
    }
  }

  private release(): void {
    this.connection?.release();
    this.connection = undefined;
  }

  private async callerOf(api: Api): Promise<Me | null> {
    try {
      return await api.getMe();
    } catch (error) {
      if (this.isForEveryone && error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  }

  private sentenceOf(denial: Denial): string {
    return denial === "forbidden" ? this.forbidden : s.sessionEnded;
  }

  private say(sentence: string): void {
    render(
      <p class="error" part="error" role="alert">
        {sentence}
      </p>,
      this.root,
    );
  }
}

const PUBLIC = {closed: true, upload: false, list: false, deliver: true, write: false};

/** Register an element, unless another script has done so. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}
