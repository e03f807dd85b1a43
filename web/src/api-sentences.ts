/**
 * The API's sentences in the other languages of the page. In English they stay as the API sends
 * them, with all details. Codes that are missing here are for programs only, or newer than the page.
 */

import type {Video} from "./api";
import {type Language, language} from "./locale";

type Codes = Readonly<Record<string, string>>;

interface Translation {
  /** Codes of `error`: why a video failed. */
  failures: Codes;
  /** Codes of problem documents. */
  problems: Codes;
  /** Which browsers play a video: for `some` and `none` the rest of a sentence that a reason begins. */
  browsers: Record<"all" | "some" | "none", string>;
  /** What keeps browsers from playing a video. */
  reasons: Codes;
  startsLate: string;
  convert: string;
}

/** A sentence for people, and its language if it is not that of the page. */
export interface Sentence {
  text: string;
  lang?: "en";
}

const DE: Translation = {
  failures: {
    not_a_video:
      "Die Datei ist kein Video in einem unterstützten Format. Laden Sie eine Datei als MP4, MOV, MKV, WebM, AVI, WMV oder FLV hoch.",
    no_video_stream:
      "Die Datei enthält kein Video, nur Ton, Untertitel oder ein Titelbild. Laden Sie eine Datei mit einer Videospur hoch.",
    unsupported_codec:
      "Codec, Komprimierung oder Kopierschutz der Datei werden nicht unterstützt. Wandeln Sie das Video in MP4 (H.264) um, und laden Sie es noch einmal hoch.",
    corrupt:
      "Die Datei ist beschädigt oder unvollständig. Laden Sie sie noch einmal vom Original hoch.",
    too_large: "Die Datei ist größer als erlaubt. Laden Sie eine kleinere Fassung hoch.",
    size_mismatch:
      "Die Datei hat eine andere Größe als angekündigt, darum hat Clipo sie entfernt. Laden Sie sie als neues Video hoch.",
    too_long:
      "Das Video dauert länger als erlaubt, oder die Datei nennt keine Länge, darum hat Clipo es entfernt. Laden Sie eine kürzere Fassung in MP4 (H.264) hoch.",
    too_many_pixels: "Das Bild ist größer als 8K. Laden Sie eine kleinere Fassung hoch.",
    too_many_streams:
      "Die Datei hat zu viele Spuren. Behalten Sie eine Videospur und eine Tonspur.",
    timed_out:
      "Die Verarbeitung dauert zu lange oder wurde mehrmals unterbrochen. Laden Sie eine kürzere oder einfachere Fassung hoch, wenn auch ein neuer Versuch nicht hilft.",
    out_of_memory:
      "Die Verarbeitung braucht mehr Speicher als vorhanden. Laden Sie eine kleinere Fassung hoch.",
    source_gone: "Die Datei ist nicht mehr gespeichert. Laden Sie sie noch einmal hoch.",
    upload_expired:
      "Die Datei wurde nicht rechtzeitig hochgeladen. Laden Sie sie als neues Video hoch.",
    retries_exhausted:
      "Die Verarbeitung ist mehrmals misslungen, nicht wegen der Datei. Versuchen Sie es in ein paar Minuten noch einmal.",
  },
  problems: {
    unauthenticated:
      "Clipo nimmt diesen Schlüssel oder dieses Token nicht an: Es ist falsch kopiert, abgelaufen oder widerrufen.",
    forbidden: "Ihre Anmeldung erlaubt das nicht.",
    insecure_connection: "Die Anmeldung an dieser Seite braucht HTTPS.",
    quota_exceeded:
      "Das Kontingent ist aufgebraucht oder zu klein für diese Datei. Löschen Sie ein Video, und laden Sie sie dann hoch.",
    too_many_pending:
      "Zu viele Videos warten auf ihren Upload. Warten Sie, bis einige fertig sind, oder löschen Sie welche.",
    file_too_large: "Die Datei ist größer als erlaubt. Wählen Sie eine kleinere.",
    empty_file: "Die Datei ist leer. Wählen Sie sie noch einmal aus.",
    invalid_filename:
      "Der Dateiname hat mehr als 255 Zeichen oder Steuerzeichen. Benennen Sie die Datei um.",
    unsupported_extension: "Die Endung der Datei wird nicht unterstützt.",
    video_not_found: "Dieses Video gibt es nicht mehr.",
    not_failed: "Das Video ist nicht mehr fehlgeschlagen: Es wird schon noch einmal verarbeitet.",
    source_gone: "Die Datei ist nicht mehr gespeichert. Laden Sie sie noch einmal hoch.",
    catalog_unavailable: "Die Datenbank antwortet nicht. Versuchen Sie es gleich noch einmal.",
    storage_unavailable: "Der Speicher antwortet nicht. Versuchen Sie es gleich noch einmal.",
    issuer_unavailable: "Der Anmeldedienst antwortet nicht. Versuchen Sie es gleich noch einmal.",
    internal_error: "Bei Clipo ist ein Fehler aufgetreten. Versuchen Sie es gleich noch einmal.",
  },
  browsers: {
    all: "Alle Browser spielen das Video ab.",
    some: "spielt nicht jeder Browser das Video richtig ab.",
    none: "spielt kein Browser das Video ab.",
  },
  reasons: {
    container: "Wegen des Containers",
    video_codec: "Wegen des Codecs",
    bit_depth: "Wegen der Farbtiefe",
    pixel_format: "Wegen des Pixelformats",
    profile: "Wegen des Profils des Codecs",
    hdr: "Wegen der HDR-Farben",
    audio_codec: "Wegen des Tonformats",
  },
  startsLate:
    "Es beginnt spät: Sein Index steht am Ende der Datei. Ein Export mit „Fast Start“ behebt das.",
  convert: "Als MP4 mit H.264 (8 Bit, 4:2:0, SDR) und AAC läuft es in allen.",
};

const ES: Translation = {
  failures: {
    not_a_video:
      "El archivo no es un vídeo en un formato admitido. Sube un archivo MP4, MOV, MKV, WebM, AVI, WMV o FLV.",
    no_video_stream:
      "El archivo no contiene vídeo, solo sonido, subtítulos o una carátula. Sube un archivo con una pista de vídeo.",
    unsupported_codec:
      "El códec, la compresión o la protección del archivo no se admiten. Convierte el vídeo a MP4 (H.264) y súbelo de nuevo.",
    corrupt: "El archivo está dañado o incompleto. Súbelo de nuevo a partir del original.",
    too_large: "El archivo supera el límite. Sube una versión más pequeña.",
    size_mismatch:
      "El archivo no tiene el tamaño anunciado, así que Clipo lo ha eliminado. Súbelo como vídeo nuevo.",
    too_long:
      "El vídeo dura más de lo permitido o el archivo no indica su duración, así que Clipo lo ha eliminado. Sube una versión más corta en MP4 (H.264).",
    too_many_pixels: "La imagen es mayor que 8K. Sube una versión más pequeña.",
    too_many_streams: "El archivo tiene demasiadas pistas. Deja una de vídeo y una de sonido.",
    timed_out:
      "El procesamiento tarda demasiado o se ha interrumpido varias veces. Si otro intento tampoco funciona, sube una versión más corta o sencilla.",
    out_of_memory:
      "El procesamiento necesita más memoria de la disponible. Sube una versión más pequeña.",
    source_gone: "El archivo ya no está almacenado. Súbelo de nuevo.",
    upload_expired: "El archivo no se subió a tiempo. Súbelo como vídeo nuevo.",
    retries_exhausted:
      "El procesamiento ha fallado varias veces y el archivo no es la causa. Reinténtalo en unos minutos.",
  },
  problems: {
    unauthenticated:
      "Clipo no acepta esta clave o este token: está mal copiado, ha caducado o se ha revocado.",
    forbidden: "Tu sesión no lo permite.",
    insecure_connection: "Iniciar sesión en esta página requiere HTTPS.",
    quota_exceeded:
      "La cuota está agotada o no basta para este archivo. Borra un vídeo y después súbelo.",
    too_many_pending:
      "Demasiados vídeos esperan su subida. Espera a que terminen algunos o borra otros.",
    file_too_large: "El archivo supera el límite. Elige uno más pequeño.",
    empty_file: "El archivo está vacío. Elígelo de nuevo.",
    invalid_filename:
      "El nombre tiene más de 255 caracteres o caracteres de control. Cambia el nombre del archivo.",
    unsupported_extension: "La extensión del archivo no se admite.",
    video_not_found: "Este vídeo ya no existe.",
    not_failed: "El vídeo ya no está fallido: se está procesando de nuevo.",
    source_gone: "El archivo ya no está almacenado. Súbelo de nuevo.",
    catalog_unavailable: "La base de datos no responde. Vuelve a intentarlo en un momento.",
    storage_unavailable: "El almacenamiento no responde. Vuelve a intentarlo en un momento.",
    issuer_unavailable:
      "El servicio de inicio de sesión no responde. Vuelve a intentarlo en un momento.",
    internal_error: "Se ha producido un error en Clipo. Vuelve a intentarlo en un momento.",
  },
  browsers: {
    all: "Todos los navegadores reproducen el vídeo.",
    some: "no todos los navegadores reproducen bien el vídeo.",
    none: "ningún navegador reproduce el vídeo.",
  },
  reasons: {
    container: "Por su contenedor,",
    video_codec: "Por su códec,",
    bit_depth: "Por su profundidad de color,",
    pixel_format: "Por su formato de píxel,",
    profile: "Por el perfil de su códec,",
    hdr: "Por sus colores HDR,",
    audio_codec: "Por el formato de su sonido,",
  },
  startsLate:
    "Tarda en empezar: su índice está al final del archivo. Expórtalo con «fast start» para evitarlo.",
  convert: "En MP4 con H.264 (8 bits, 4:2:0, SDR) y AAC se reproduce en todos.",
};

const TRANSLATIONS: Partial<Record<Language, Translation>> = {de: DE, es: ES};

const translation = TRANSLATIONS[language];

const asSent = (text: string): Sentence => ({text, lang: "en"});

/** Return why a video failed. */
export function sentenceOfFailure({code, message}: NonNullable<Video["error"]>): Sentence {
  const text = translation?.failures[code];
  return text ? {text} : asSent(message);
}

export const sentenceOfProblem = (code: string, detail: string): string =>
  translation?.problems[code] ?? detail;

/** Return which browsers play a video; null if Clipo does not know. */
export function sentenceOfPlayback({playback, faststart}: NonNullable<Video["media"]>) {
  if (!playback) return null;
  const {browsers, reason, message} = playback;
  if (!translation) return asSent(message);
  const {startsLate, convert, reasons} = translation;
  const verdict = translation.browsers[browsers];
  if (browsers === "all") return {text: faststart === false ? `${verdict} ${startsLate}` : verdict};
  const why = reasons[reason ?? ""];
  return why ? {text: `${why} ${verdict} ${convert}`} : asSent(message);
}
