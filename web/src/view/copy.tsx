import {useState} from "preact/hooks";
import {t} from "../strings";

const SHOWN_MS = 2000;

export function CopyButton({text, what}: {text: string; what: string}) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
    setTimeout(() => setCopied(null), SHOWN_MS);
  };
  const label = copied === null ? t.copy : copied ? t.copied : t.selectAndCopy;
  return (
    <button
      type="button"
      class="copy"
      aria-label={copied === null ? t.copyWhat(what) : label}
      onClick={copy}
    >
      {label}
    </button>
  );
}
