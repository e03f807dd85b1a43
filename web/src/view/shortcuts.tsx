import {t} from "../strings";
import {Dialog} from "./dialog";

/** Lists what keys do on the page. */
export function Shortcuts({onClose, returnTo}: {onClose(): void; returnTo(): HTMLElement | null}) {
  return (
    <Dialog name="question" title={t.shortcuts} onClose={onClose} returnTo={returnTo}>
      {() => (
        <dl class="shortcuts">
          {t.keys.map(([keys, what]) => (
            <div key={what}>
              <dt>{what}</dt>
              <dd>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Dialog>
  );
}
