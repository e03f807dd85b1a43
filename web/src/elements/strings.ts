/** Texts that only the elements have. */

import {type Language, language} from "../locale";

const en = {
  video: "Video",
  videos: "Videos",
  chooseVideo: "Choose a video",
  orDropOne: "or drop it here",
  orDropMany: "or drop them here",
  uploadedVideos: "Uploaded videos",
  noVideos: "No videos yet.",
  sessionEnded: "Your session has ended. Log in again.",
  mayNot: "You may not do this.",
  mayNotUpload: "You may not upload here.",
  mayNotSee: "You may not see this video.",
  mayNotList: "You may not see these videos.",
  videoIsGone: "There is no such video, or it was deleted.",
  noVideoChosen: "No video is chosen.",
  deleteVideo: (name: string) => `Delete ${name}`,
};

type ElementStrings = typeof en;

const de: ElementStrings = {
  video: "Video",
  videos: "Videos",
  chooseVideo: "Video auswählen",
  orDropOne: "oder hier ablegen",
  orDropMany: "oder hier ablegen",
  uploadedVideos: "Hochgeladene Videos",
  noVideos: "Noch keine Videos.",
  sessionEnded: "Ihre Sitzung ist beendet. Melden Sie sich wieder an.",
  mayNot: "Sie dürfen das nicht.",
  mayNotUpload: "Sie dürfen hier nichts hochladen.",
  mayNotSee: "Sie dürfen dieses Video nicht sehen.",
  mayNotList: "Sie dürfen diese Videos nicht sehen.",
  videoIsGone: "Dieses Video gibt es nicht, oder es wurde gelöscht.",
  noVideoChosen: "Es ist kein Video ausgewählt.",
  deleteVideo: (name) => `${name} löschen`,
};

const es: ElementStrings = {
  video: "Vídeo",
  videos: "Vídeos",
  chooseVideo: "Elegir un vídeo",
  orDropOne: "o suéltalo aquí",
  orDropMany: "o suéltalos aquí",
  uploadedVideos: "Vídeos subidos",
  noVideos: "Todavía no hay vídeos.",
  sessionEnded: "Tu sesión ha terminado. Vuelve a iniciarla.",
  mayNot: "No puedes hacer esto.",
  mayNotUpload: "Aquí no puedes subir nada.",
  mayNotSee: "No puedes ver este vídeo.",
  mayNotList: "No puedes ver estos vídeos.",
  videoIsGone: "Ese vídeo no existe o se ha borrado.",
  noVideoChosen: "No hay ningún vídeo elegido.",
  deleteVideo: (name) => `Borrar ${name}`,
};

const ALL: Record<Language, ElementStrings> = {en, de, es};

export const s: ElementStrings = ALL[language];
