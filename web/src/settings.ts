/** Limits of the API, which writes them into the page when it serves it. */

function setting(name: string): string {
  const meta = document.querySelector<HTMLMetaElement>(`meta[name="clipo:${name}"]`);
  if (!meta) throw new Error(`The page lacks its setting ${name}.`);
  return meta.content;
}

/** Size limit of one video. */
export const maxUploadBytes = Number(setting("max-upload-bytes"));

/** File extensions in lower case, without the dot. */
export const allowedExtensions = setting("allowed-extensions").split(",");
