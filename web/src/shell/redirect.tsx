// Goes on to another address, once. The router's own `Navigate` goes again at every render, which is without end where
// what renders it looks at the address.
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

/** An address within these pages, such as `/models/?q=lab`. */
export function Redirect({ to }: { to: string }) {
  const { history } = useRouter();
  useEffect(() => history.replace(`/ui${to}`), [history, to]);
  return null;
}
