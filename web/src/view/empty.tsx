import {useState} from "preact/hooks";
import {t} from "../strings";
import type {Uploads} from "../upload/uploads";
import {ChooseFiles} from "./drop";

interface EmptyProps {
  uploads: Uploads | undefined;
  extensions: readonly string[];
}

/** Shows a new user what to do. */
export function Empty({uploads, extensions}: EmptyProps) {
  const [recording, setRecording] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const trySample = async () => {
    setRecording(true);
    try {
      const {recordSample} = await import("../sample");
      uploads?.add([await recordSample()]);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setRecording(false);
  };
  return (
    <div class="empty">
      <h3>{t.nothing.all}</h3>
      <ol class="steps">
        {t.steps.map(([title, text]) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      {uploads && (
        <div class="actions">
          <ChooseFiles
            extensions={extensions}
            onFiles={(files) => uploads.add(files)}
            class="primary"
            label={t.chooseVideos}
          />
          <button type="button" disabled={recording} onClick={trySample}>
            {recording ? t.makingSample : t.trySample}
          </button>
        </div>
      )}
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
    </div>
  );
}
