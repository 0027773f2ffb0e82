import { Page } from "@/ui/page";

export default function SetupPage() {
  return <Page title="Setup">{null}</Page>;
}
