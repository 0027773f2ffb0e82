import { Page } from "@/ui/page";

export default function UsagePage() {
  return <Page title="Usage">{null}</Page>;
}
