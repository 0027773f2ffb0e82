import { Page } from "@/ui/page";

export default function TokensPage() {
  return <Page title="Tokens">{null}</Page>;
}
