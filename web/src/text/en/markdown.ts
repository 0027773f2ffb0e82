// The words around what a model wrote.

export const text = {
  table: "Table",
  done: "Done",
  open: "Open",
  picture: "picture",
  linkToPicture: (label: string) => `Picture: ${label}`,
  code: "Code",
  codeIn: (language: string) => `Code in ${language}`,
  plain: "text",
  copyCode: "Copy code",
};
