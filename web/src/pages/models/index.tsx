import { Page } from "@/ui/page";

export default function ModelsPage() {
  return <Page title="Models">{null}</Page>;
}
