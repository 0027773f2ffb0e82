// How deep markdown may nest before it is shown as it was written.
export const DEEPEST = 24;
