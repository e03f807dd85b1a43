/**
 * The elements in JSX: `import type {} from "@clipo/elements/react"`. Listen to their events on the
 * document: React does not attach those of an element that the server has rendered.
 */

import type {DetailedHTMLProps, HTMLAttributes} from "react";
import type {ClipoGridElement, ClipoPlayerElement, ClipoUploadElement} from "./index.js";

type Props<Element, Attributes> = DetailedHTMLProps<HTMLAttributes<Element>, Element> & Attributes;

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
      "clipo-upload": Props<ClipoUploadElement, Upload>;
      "clipo-grid": Props<ClipoGridElement, Connection>;
      "clipo-player": Props<ClipoPlayerElement, Player>;
    }
  }
}
