/** Texts that the page and the elements have in common. */

import {bytes, count, formats, isolate} from "./format";
import {counted, type Language, language} from "./locale";
import type {Limits, Refusal} from "./upload/refusals";

const NAMES = 3;

/** Return the first names of a list, and how many more there are. */
function some(names: readonly string[], more: (count: number) => string): string {
  const rest = names.length - NAMES;
  return names.slice(0, NAMES).map(isolate).join(", ") + (rest > 0 ? ` ${more(rest)}` : "");
}

const en = {
  close: "Close",
  dismiss: "Dismiss",
  unreachable: "Clipo cannot be reached. Check the network, and that the service runs.",
  serviceAnswered: (status: number) => `The service answered ${status}. Try again in a moment.`,
  uploads: "Uploads",
  chooseVideos: "Choose videos",
  dropNow: "Drop to upload",
  notUploaded: "Not uploaded",
  states: {
    waiting: "waiting",
    uploading: "uploading",
    paused: "paused",
    offline: "waiting for the network",
    stopped: "stopped",
    interrupted: "interrupted: the page was closed",
    lost: "interrupted: choose the file again to resume",
    cancelled: "cancelled",
    uploaded: "uploaded",
  },
  timeLeft: (time: string) => `${time} left`,
  pause: (name: string) => `Pause ${name}`,
  resume: (name: string) => `Resume ${name}`,
  retry: (name: string) => `Retry ${name}`,
  retryIt: "Retry",
  finishing: "finishing…",
  cancel: (name: string) => `Cancel ${name}`,
  chooseAgain: "Choose the file",
  undo: "Undo",
  uploaded: (name: string) => `${name} is uploaded.`,
  stopped: (name: string, why: string) => `${name}: ${why}`,
  cancelledUpload: (name: string) => `The upload of ${name} is cancelled.`,
  refusal: (
    names: readonly string[],
    reason: Refusal["reason"],
    {maxBytes, extensions}: Limits,
  ) => {
    const files = some(names, (more) => `and ${count(more)} more`);
    return {
      format: `Not in a supported format: ${files}. Choose one of ${formats(extensions ?? [])}.`,
      large: `Too large: ${files}. The limit is ${bytes(maxBytes)}: choose a smaller or shorter video.`,
      empty: `Empty: ${files}. Check that the recording or copying has finished.`,
      duplicate: `Being uploaded already: ${files}.`,
    }[reason];
  },
  uploadExpired: "This upload has expired or was deleted. Retry uploads the whole file again.",
  storageMoved: "Storage has a new address. Reload the page to resume the upload.",
  networkFailed: "The network failed. The upload resumes when it is back. To try now, press Retry.",
  serviceUnavailable:
    "The service is not available. The upload resumes when it is back. To try now, press Retry.",
  sessionEndedDuringUpload: "Your session has ended. Log in again to resume the upload.",
  fileTooLarge: (limit: string) => `The file is too large. The limit is ${limit}.`,
  signatureExpired:
    "Storage refused the upload: it took too long, or this device’s clock is wrong. Try again.",
  partsGone:
    "The uploaded parts are gone: the video was deleted or has expired. Retry uploads the whole file again.",
  statuses: {pending: "pending", processing: "processing", done: "done", failed: "failed"},
  statusOf: (name: string, status: string) => `${name}: ${status}`,
  showMore: "Show more",
  loading: "Loading…",
  askDelete: (videos: number) =>
    counted(
      videos,
      "Delete this video and all its files for good?",
      `Delete ${count(videos)} videos and all their files for good?`,
    ),
  play: "Play",
  download: "Download",
  cannotPlay:
    "This browser cannot play the file, or has lost the connection. Download it, or try again.",
  delete: "Delete…",
  deleteIt: (videos: number): string => (videos === 1 ? "Delete it" : "Delete them"),
  keepIt: (videos: number): string => (videos === 1 ? "Keep it" : "Keep them"),
};

export type SharedStrings = typeof en;

const de: SharedStrings = {
  close: "Schließen",
  dismiss: "Ausblenden",
  unreachable: "Clipo ist nicht erreichbar. Prüfen Sie das Netz, und ob der Dienst läuft.",
  serviceAnswered: (status) =>
    `Der Dienst hat mit ${status} geantwortet. Versuchen Sie es gleich noch einmal.`,
  uploads: "Uploads",
  chooseVideos: "Videos auswählen",
  dropNow: "Zum Hochladen ablegen",
  notUploaded: "Nicht hochgeladen",
  states: {
    waiting: "wartet",
    uploading: "wird hochgeladen",
    paused: "angehalten",
    offline: "wartet auf das Netz",
    stopped: "gestoppt",
    interrupted: "unterbrochen: Die Seite wurde geschlossen",
    lost: "unterbrochen: Wählen Sie die Datei noch einmal aus",
    cancelled: "abgebrochen",
    uploaded: "hochgeladen",
  },
  timeLeft: (time) => `noch ${time}`,
  pause: (name) => `${name} anhalten`,
  resume: (name) => `${name} fortsetzen`,
  retry: (name) => `${name} noch einmal versuchen`,
  retryIt: "Noch einmal",
  finishing: "wird abgeschlossen …",
  cancel: (name) => `${name} abbrechen`,
  chooseAgain: "Datei auswählen",
  undo: "Rückgängig",
  uploaded: (name) => `${name} ist hochgeladen.`,
  stopped: (name, why) => `${name}: ${why}`,
  cancelledUpload: (name) => `Der Upload von ${name} ist abgebrochen.`,
  refusal: (names, reason, {maxBytes, extensions}) => {
    const files = some(names, (more) => `und ${count(more)} weitere`);
    return {
      format: `Kein unterstütztes Format: ${files}. Möglich sind ${formats(extensions ?? [])}.`,
      large: `Zu groß: ${files}. Das Limit ist ${bytes(maxBytes)}: Wählen Sie ein kleineres oder kürzeres Video.`,
      empty: `Leer: ${files}. Prüfen Sie, ob die Aufnahme oder das Kopieren fertig ist.`,
      duplicate: `Wird schon hochgeladen: ${files}.`,
    }[reason];
  },
  uploadExpired:
    "Dieser Upload ist abgelaufen oder wurde gelöscht. „Noch einmal versuchen“ lädt die ganze Datei erneut hoch.",
  storageMoved:
    "Der Speicher hat eine neue Adresse. Laden Sie die Seite neu, um den Upload fortzusetzen.",
  networkFailed: "Das Netz ist ausgefallen. Der Upload läuft weiter, sobald es wieder da ist.",
  serviceUnavailable:
    "Der Dienst ist nicht verfügbar. Der Upload läuft weiter, sobald er wieder da ist.",
  sessionEndedDuringUpload:
    "Ihre Sitzung ist beendet. Melden Sie sich wieder an, um den Upload fortzusetzen.",
  fileTooLarge: (limit) => `Die Datei ist zu groß. Das Limit ist ${limit}.`,
  signatureExpired:
    "Der Speicher hat den Upload abgelehnt: Er hat zu lange gedauert, oder die Uhr dieses Geräts geht falsch. Versuchen Sie es noch einmal.",
  partsGone:
    "Die hochgeladenen Teile sind weg: Das Video wurde gelöscht oder ist abgelaufen. Ein neuer Versuch lädt die ganze Datei erneut hoch.",
  statuses: {
    pending: "wartend",
    processing: "in Arbeit",
    done: "fertig",
    failed: "fehlgeschlagen",
  },
  statusOf: (name, status) => `${name}: ${status}`,
  showMore: "Mehr zeigen",
  loading: "Lädt …",
  askDelete: (videos) =>
    counted(
      videos,
      "Dieses Video und alle seine Dateien endgültig löschen?",
      `${count(videos)} Videos und alle ihre Dateien endgültig löschen?`,
    ),
  play: "Abspielen",
  download: "Herunterladen",
  cannotPlay:
    "Dieser Browser kann die Datei nicht abspielen, oder die Verbindung ist abgebrochen. Laden Sie sie herunter, oder versuchen Sie es noch einmal.",
  delete: "Löschen …",
  deleteIt: () => "Löschen",
  keepIt: () => "Behalten",
};

const es: SharedStrings = {
  close: "Cerrar",
  dismiss: "Descartar",
  unreachable: "No se puede acceder a Clipo. Comprueba la red y que el servicio funcione.",
  serviceAnswered: (status) =>
    `El servicio ha respondido ${status}. Vuelve a intentarlo en un momento.`,
  uploads: "Subidas",
  chooseVideos: "Elegir vídeos",
  dropNow: "Suelta para subir",
  notUploaded: "No se ha subido",
  states: {
    waiting: "en espera",
    uploading: "subiendo",
    paused: "en pausa",
    offline: "esperando la red",
    stopped: "detenida",
    interrupted: "interrumpida: se cerró la página",
    lost: "interrumpida: vuelve a elegir el archivo para reanudarla",
    cancelled: "cancelada",
    uploaded: "subido",
  },
  timeLeft: (time) => `quedan ${time}`,
  pause: (name) => `Pausar ${name}`,
  resume: (name) => `Reanudar ${name}`,
  retry: (name) => `Reintentar ${name}`,
  retryIt: "Reintentar",
  finishing: "terminando…",
  cancel: (name) => `Cancelar ${name}`,
  chooseAgain: "Elegir el archivo",
  undo: "Deshacer",
  uploaded: (name) => `${name} se ha subido.`,
  stopped: (name, why) => `${name}: ${why}`,
  cancelledUpload: (name) => `La subida de ${name} se ha cancelado.`,
  refusal: (names, reason, {maxBytes, extensions}) => {
    const files = some(names, (more) => `y ${count(more)} más`);
    return {
      format: `Formato no admitido: ${files}. Elige ${formats(extensions ?? [])}.`,
      large: `Demasiado grande: ${files}. El límite es ${bytes(maxBytes)}: elige un vídeo más pequeño o más corto.`,
      empty: `Vacío: ${files}. Comprueba que la grabación o la copia haya terminado.`,
      duplicate: `Ya se está subiendo: ${files}.`,
    }[reason];
  },
  uploadExpired:
    "Esta subida ha caducado o se ha borrado. Reintentar sube otra vez el archivo entero.",
  storageMoved:
    "El almacenamiento tiene una dirección nueva. Recarga la página para reanudar la subida.",
  networkFailed: "La red ha fallado. La subida continúa en cuanto vuelva.",
  serviceUnavailable: "El servicio no está disponible. La subida continúa en cuanto vuelva.",
  sessionEndedDuringUpload: "Tu sesión ha terminado. Iníciala de nuevo para reanudar la subida.",
  fileTooLarge: (limit) => `El archivo es demasiado grande. El límite es ${limit}.`,
  signatureExpired:
    "El almacenamiento ha rechazado la subida: ha tardado demasiado o el reloj de este dispositivo va mal. Reinténtalo.",
  partsGone:
    "Las partes subidas ya no están: el vídeo se borró o ha caducado. Reintentar sube otra vez el archivo entero.",
  statuses: {
    pending: "pendiente",
    processing: "en proceso",
    done: "listo",
    failed: "fallido",
  },
  statusOf: (name, status) => `${name}: ${status}`,
  showMore: "Mostrar más",
  loading: "Cargando…",
  askDelete: (videos) =>
    counted(
      videos,
      "¿Borrar este vídeo y todos sus archivos para siempre?",
      `¿Borrar ${count(videos)} vídeos y todos sus archivos para siempre?`,
    ),
  play: "Reproducir",
  download: "Descargar",
  cannotPlay:
    "Este navegador no puede reproducir el archivo o ha perdido la conexión. Descárgalo o vuelve a intentarlo.",
  delete: "Borrar…",
  deleteIt: (videos) => (videos === 1 ? "Borrarlo" : "Borrarlos"),
  keepIt: (videos) => (videos === 1 ? "Conservarlo" : "Conservarlos"),
};

const ALL: Record<Language, SharedStrings> = {en, de, es};

export const t: SharedStrings = ALL[language];
