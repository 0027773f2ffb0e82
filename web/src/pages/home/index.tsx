// The way in: on to chat where there is something to chat with, else to what comes first.
import { useQuery } from "@tanstack/react-query";
import { apiModelsQuery, useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { Redirect } from "@/shell/redirect";

export default function HomePage() {
  const me = useMe();
  const { data } = useQuery({ ...apiModelsQuery, enabled: atLeast(me.role, "user") });
  if (!data) return null;
  return <Redirect to={data.length > 0 ? "/chat/" : "/models/"} />;
}
