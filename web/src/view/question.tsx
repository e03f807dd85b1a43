import type {Video} from "../api";
import {t} from "../strings";
import {Dialog} from "./dialog";
import {Name} from "./name";

/** How many names stand in a question: with one more, its row says how many there are. */
const NAMES = 5;

interface DeleteQuestionProps {
  videos: readonly Video[];
  onDelete(): void;
  onClose(): void;
}

/** Asks before videos are deleted. */
export function DeleteQuestion({videos, onDelete, onClose}: DeleteQuestionProps) {
  const areMany = videos.length > 1;
  return (
    <Dialog name="question" title={t.askDelete(videos.length)} onClose={onClose}>
      {(close) => (
        <>
          <ul class="names">
            {videos.slice(0, NAMES).map(({id, filename}) => (
              <li key={id} class={areMany ? "name" : "whole-name"} dir="auto" title={filename}>
                {areMany ? <Name of={filename} /> : filename}
              </li>
            ))}
            {videos.length > NAMES && <li>{t.andMore(videos.length - NAMES)}</li>}
          </ul>
          <div class="actions">
            <button type="button" autofocus onClick={close}>
              {t.keepIt(videos.length)}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                close();
                onDelete();
              }}
            >
              {t.deleteIt(videos.length)}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}
