import {useState} from "preact/hooks";
import {t} from "../strings";
import type {Uploads} from "../upload/uploads";

interface EmptyProps {
  title: string;
  uploads: Uploads | undefined;
}

/** Shows a new user what to do, below the button that chooses videos. */
export function Empty({title, uploads}: EmptyProps) {
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
      <h2>{title}</h2>
      <ol class="steps">
        {t.steps.map(([title, text]) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      {uploads && (
        <button type="button" disabled={recording} onClick={trySample}>
          {recording ? t.makingSample : t.trySample}
        </button>
      )}
      <p class="error" role="alert" hidden={!problem}>
        {problem}
      </p>
    </div>
  );
}
