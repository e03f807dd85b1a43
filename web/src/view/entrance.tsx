import type {TargetedSubmitEvent} from "preact";
import {useEffect, useRef, useState} from "preact/hooks";
import type {Session} from "../session";
import {useStore} from "../store";
import {t} from "../strings";

interface EntranceProps {
  session: Session;
  /** The number of uploads that wait for the log-in. */
  unfinished(): number;
}

/** Stands before the videos: the log-in, or a note that Clipo is open to everyone. */
export function Entrance({session, unfinished}: EntranceProps) {
  const {me, ended, trouble} = useStore(session);
  const reason = ended === "by itself" ? endOfSession(unfinished()) : t.loggedOut;
  return (
    <>
      {!me && trouble && (
        <p class="trouble" role="alert">
          {trouble} <span>{t.keepsTrying}</span>
        </p>
      )}
      {me === null && (
        <LogIn reason={ended && reason} onLogIn={(credential) => session.logIn(credential)} />
      )}
      {me?.credential === "none" && !isLoopback(location.hostname) && <OpenToEveryone />}
    </>
  );
}

const endOfSession = (uploads: number) => (uploads ? t.sessionEndedWithUploads : t.sessionEnded);

interface LogInProps {
  /** Why the log-in is shown, unless the page was just opened. */
  reason: string | null;
  onLogIn(credential: string): Promise<void>;
}

function LogIn({reason, onLogIn}: LogInProps) {
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [visible, setVisible] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await onLogIn(credentialIn(field.current?.value ?? ""));
    } catch (error) {
      setProblem((error as Error).message);
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="log-in" aria-labelledby="log-in-title" onSubmit={submit}>
      <h2 id="log-in-title">{t.logIn}</h2>
      {reason && <p role="alert">{reason}</p>}
      {/* Password managers save a password under a name. */}
      <input type="text" autocomplete="username" value="Clipo" readOnly hidden />
      <label for="credential">{t.credential}</label>
      <div class="field">
        <input
          ref={field}
          id="credential"
          type={visible ? "text" : "password"}
          name="password"
          autocomplete="current-password"
          autocapitalize="none"
          spellcheck={false}
          required
          aria-invalid={problem !== null}
          aria-describedby="log-in-problem log-in-help"
        />
        <button type="button" aria-pressed={visible} onClick={() => setVisible(!visible)}>
          {t.show}
        </button>
      </div>
      <p id="log-in-problem" class="error" role="alert">
        {problem}
      </p>
      <button type="submit" class="primary" disabled={busy}>
        {busy ? t.loggingIn : t.logIn}
      </button>
      <div id="log-in-help" class="help">
        <p>
          {t.keyHelp[0]}
          <code>clipo_sk_</code>
          {t.keyHelp[1]}
          <code>clipo keys create --name NAME</code>
          {t.keyHelp[2]}
        </p>
        <p>{t.notStored}</p>
      </div>
      <p class="help">
        <a href="/docs">{t.allCalls}</a>
      </p>
    </form>
  );
}

/** Return a pasted credential without the header's name and the line breaks of a terminal. */
function credentialIn(text: string): string {
  const credential = text.replace(/^\s*(authorization:)?\s*bearer\s/i, "").replace(/\s+/g, "");
  // The browser sends no other characters in a header.
  if (/^[\x21-\x7e]+$/.test(credential)) return credential;
  throw new Error(t.noCredential);
}

function OpenToEveryone() {
  return (
    <p class="open-to-everyone" role="note">
      <strong>{t.openToEveryone}</strong>
      {t.openHelp[0]}
      <code>Access=keys</code>
      {t.openHelp[1]}
      <code>--access=keys</code>
      {t.openHelp[2]}
    </p>
  );
}

const isLoopback = (host: string) => /^(.+\.)?localhost$|^127\.|^\[::1\]$/.test(host);
