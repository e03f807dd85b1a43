/** The person who uses the page: the holder of an API key or a token, or everyone in an open Clipo. */

import {type Api, isRefused, type Me} from "./api";
import {Store} from "./store";
import {t} from "./strings";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

export interface SessionState {
  /** The caller; null if the log-in is needed, undefined until the API has answered. */
  me: Me | null | undefined;
  /** How the last session ended. */
  ended: "by itself" | "by log-out" | null;
  /** Why the API does not say who the caller is. */
  trouble: string | null;
}

export class Session extends Store<SessionState> {
  /** Tells other tabs, which have the same cookie, that the caller may be another one. */
  private readonly tabs = new BroadcastChannel("clipo-session");
  /** The number of the last check; answers to earlier ones are dropped. */
  private round = 0;
  private isChecking = false;
  private isLeaving = false;
  private delay = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly api: Api) {
    super({me: undefined, ended: null, trouble: null});
    this.tabs.onmessage = () => void this.check();
  }

  /** Check whether the session has ended: the API has refused a request. */
  onRefused(): void {
    if (this.current.me && !this.isChecking) void this.check();
  }

  /** Find out who the caller is. */
  async check(): Promise<void> {
    const round = ++this.round;
    clearTimeout(this.timer);
    this.isChecking = true;
    try {
      const me = await this.whoAmI();
      if (round === this.round) this.take(me);
    } catch (error) {
      if (round === this.round) this.checkLater(error);
    } finally {
      if (round === this.round) this.isChecking = false;
    }
  }

  /** Log in with an API key or a token. Raises an error with a sentence for people. */
  async logIn(credential: string): Promise<void> {
    await this.api.startSession(credential);
    this.tabs.postMessage(null);
    await this.check();
    const {me, trouble} = this.current;
    if (!me && !trouble) throw new Error(t.noCookies);
  }

  /** Log out. Raises `ApiProblem` or `Unreachable`. */
  async logOut(): Promise<void> {
    await this.api.endSession();
    this.tabs.postMessage(null);
    this.isLeaving = true;
    await this.check();
    this.isLeaving = false;
  }

  private async whoAmI(): Promise<Me | null> {
    try {
      return await this.api.getMe();
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
    if (this.current.me !== undefined) return null;
    // An open Clipo, too, refuses the cookie of a session that is over.
    await this.api.endSession().catch(() => {});
    return this.api.getMe().catch((error) => (isRefused(error) ? null : Promise.reject(error)));
  }

  private take(me: Me | null): void {
    this.delay = FIRST_RETRY_MS;
    const end = this.isLeaving ? "by log-out" : "by itself";
    const ended = this.current.me ? end : this.current.ended;
    this.set({me, ended: me ? null : ended, trouble: null});
  }

  private checkLater(error: unknown): void {
    this.set({trouble: (error as Error).message});
    this.timer = setTimeout(() => void this.check(), this.delay);
    this.delay = Math.min(this.delay * 2, LAST_RETRY_MS);
  }
}
