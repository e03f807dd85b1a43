/** The elements in JSX: `import type {} from "@clipo/elements/react"`. Events need React 19. */

import type {DetailedHTMLProps, HTMLAttributes} from "react";
import type {
  ClipoGridElement,
  ClipoGridEvents,
  ClipoPlayerElement,
  ClipoUploadElement,
  ClipoUploadEvents,
} from "./index.js";

type Props<Element, Attributes, Events> = DetailedHTMLProps<HTMLAttributes<Element>, Element> &
  Attributes & {
    [Name in keyof Events & string as `on${Name}`]?: (event: Events[Name]) => void;
  };

interface Connection {
  endpoint?: string;
  api?: string;
}

interface Upload extends Connection {
  multiple?: boolean;
  accept?: string;
  capture?: "environment" | "user";
  passthrough?: string;
  disabled?: boolean;
}

interface Player extends Connection {
  "video-id"?: string;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "clipo-upload": Props<ClipoUploadElement, Upload, ClipoUploadEvents>;
      "clipo-grid": Props<ClipoGridElement, Connection, ClipoGridEvents>;
      "clipo-player": Props<ClipoPlayerElement, Player, Record<never, never>>;
    }
  }
}
