import {useState} from "preact/hooks";
import type {Me} from "../api";
import type {Session} from "../session";
import {useStore} from "../store";
import {t} from "../strings";
import {Dialog} from "./dialog";

interface AccountProps {
  session: Session;
  /** The number of uploads that a log-out would cancel. */
  unfinished(): number;
  onLogOut(): Promise<void>;
}

/** Says who is logged in, and logs out. */
export function Account({session, unfinished, onLogOut}: AccountProps) {
  const {me} = useStore(session);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  if (!me || me.credential === "none") return null;
  const logOut = () => {
    setAsking(false);
    setProblem(null);
    onLogOut().catch((error) => setProblem((error as Error).message));
  };
  return (
    <>
      <Who me={me} />
      <button type="button" onClick={() => (unfinished() ? setAsking(true) : logOut())}>
        {t.logOut}
      </button>
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
      {asking && (
        <Dialog name="question" title={t.askLogOut} onClose={() => setAsking(false)}>
          {(close) => (
            <>
              <p>{t.logOutCancels}</p>
              <div class="actions">
                <button type="button" onClick={close}>
                  {t.stay}
                </button>
                <button type="button" class="danger" onClick={logOut}>
                  {t.cancelAndLogOut}
                </button>
              </div>
            </>
          )}
        </Dialog>
      )}
    </>
  );
}

function Who({me}: {me: Me}) {
  return (
    <span class="who" title={me.key_id ? `${t.key}: ${me.key_id}` : undefined}>
      <span class="hidden">{t.loggedInFor} </span>
      {me.owner ? <bdi>{me.owner}</bdi> : t.allOwners}
    </span>
  );
}
