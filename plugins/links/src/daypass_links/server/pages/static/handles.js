// Handles of files (File System Access), where a browser has them: by one a file is opened again after a reload, once its
// owner has agreed. They are kept by the ID of an upload, and are good in this browser alone.

const NAME = "daypass-inbox", STORE = "handles";

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.addEventListener("upgradeneeded", () => asked.result.createObjectStore(STORE));
    asked.addEventListener("success", () => resolve(asked.result));
    asked.addEventListener("error", () => reject(asked.error));
  });
}

async function used(mode, act) {
  const opened = await database();
  try {
    return await new Promise((resolve, reject) => {
      const step = opened.transaction(STORE, mode), asked = act(step.objectStore(STORE));
      step.addEventListener("complete", () => resolve(asked.result));
      step.addEventListener("abort", () => reject(step.error));
    });
  } finally {
    opened.close();
  }
}

// A browser that keeps nothing is asked for the file itself.
export const keepHandle = (id, handle) => used("readwrite", (store) => store.put(handle, id)).catch(() => {});
export const forgetHandle = (id) => used("readwrite", (store) => store.delete(id)).catch(() => {});
export const handleOf = (id) => used("readonly", (store) => store.get(id)).catch(() => undefined);

// The files behind handles, each with its own; what cannot be opened, or is a folder, is left out.
export async function filesOf(handles) {
  const found = await Promise.all(handles.map(async (handle) => {
    try { return [await handle.getFile(), handle]; } catch { return null; }
  }));
  return found.filter(Boolean);
}
