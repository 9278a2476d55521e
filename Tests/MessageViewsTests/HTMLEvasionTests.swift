import MessageViews
import Testing

/// Styles that look as if they hid text and do not, and such that do and do not look it, as browsers have them: in each
/// text `x` is hidden, and `v` is not.
@Suite struct HTMLEvasionTests {
  typealias Reason = HTMLView.Hidden.Reason

  private func visible(_ html: String) -> String {
    String(decoding: HTMLReader.read(Array(html.utf8)).visible, as: UTF8.self)
  }

  /// What browsers pass over hides nothing.
  @Test(arguments: [
    "<style media=print>.t{display:none}</style><p class=t>v",
    "<style media='not all'>.t{display:none}</style><p class=t>v",
    "<style media='speech, handheld'>.t{display:none}</style><p class=t>v",
    "<style media='(max-width: 400px)'>.t{display:none}</style><p class=t>v",
    "<style type='text/x'>.t{display:none}</style><p class=t>v",
    "<style>.t,:::{display:none}</style><p class=t>v", "<style>.t,{display:none}</style><p class=t>v",
    "<style>.t,.1{display:none}</style><p class=t>v", "<style>.t,:nonsense{display:none}</style><p class=t>v",
    "<style>.t,a{{display:none}</style><p class=t>v", "<style>.t > > p{display:none}</style><p class=t>v",
    "<style>a <!-- .t{display:none}</style><p class=t>v", "<style>.t{<!--display:none}</style><p class=t>v",
    "<style>@media all{<!-- .t{display:none}}</style><p class=t>v",
    "<style>.t{a{;display:none;}}</style><p class=t>v", "<b style='a{;display:none;}'>v</b>",
    "<style>.a{content:\"/*\"} .t{display:block} /*\"*/</style><p class=t>v",
    "<style>.a{a:\"}\";.t{display:none}}</style><p class=t>v", "<b style='x:\\3b display:none'>v</b>",
    "<b style='color:\\23 fff'>v</b>", "<style>\\.t{display:none}</style><p class=t>v",
    "<style>@supports (nonsense:x){.t{display:none}}</style><p class=t>v",
    "<style>@supports not (display:grid){.t{display:none}}</style><p class=t>v",
    "<style>@media not screen{.t{display:none}}</style><p class=t>v",
    "<style>@media screen and{.t{display:none}}</style><p class=t>v",
    "<style>@media (prefers-color-scheme:dark){.t{display:none}}</style><p class=t>v",
    "<style>@keyframes k{.t{display:none}}</style><p class=t>v",
    "<b style='display:none !importantx'>v</b>",
    "<b style='display:none !important;display:none;display:inline!important'>v</b>",
    "<b style='display:none;display:block'>v</b>", "<b style='opacity:0;opacity:1'>v</b>",
    "<b style='color:#fff;color:rgb(0,0,0)'>v</b>", "<b style='color:#000;color:rgb(255 255 255 x)'>v</b>",
    "<b style='color:#000;color:rgb(255,255,255,1,1)'>v</b>", "<b style='font:0px'>v</b>",
    "<b style='font-size:0;font-size:16px!important;font-size:0'>v</b>", "<b style='font-size:0zz'>v</b>",
    "<div style='visibility:hidden'><b style='visibility:initial'>v</b></div>",
    "<b style='display:none;display:revert'>v</b>", "<b style='display:none;all:unset'>v</b>",
    "<style>.t{opacity:0;color:#fff}</style><b class=t style='all:initial'>v</b>",
    "<div style='font-size:0'><b style='font-size:initial'>v</b></div>",
    "<div style='color:#fff'><b style='color:initial'>v</b></div>",
    "<b style='display:none;display:var(--x)'>v</b>",
    "<b style='color:#fff;color:var(--x)'>v</b>", "<div bgcolor=white><b>v</b></div>",
    "<body bgcolor=black><div bgcolor=white><font color=white>v",
  ])
  func whatIsPassedOver(_ html: String) { #expect(visible(html) == "v", "\(html)") }

  /// Sizes and shifts are for boxes; what is moved there is moved back, and what is cut off goes past the cut.
  @Test(arguments: [
    "<div style='clip:rect(0,0,0,0)'>v</div>", "<span style='text-indent:-999px'>v</span>",
    "<span style='width:0;overflow:hidden'>v</span>", "<span style='max-height:0;overflow:hidden'>v</span>",
    "<span style='transform:scale(0)'>v</span>", "<span style='transform:translateX(-9999px)'>v</span>",
    "<span style='margin-top:-9999px'>v</span>", "<div style='margin-bottom:-9999px'>v</div>",
    "<div style='margin-right:-9999px'>v</div>", "<div style='position:sticky;left:-9999px'>v</div>",
    "<div style='left:-9999px;position:absolute;left:0'>v</div>",
    "<div style='width:0;height:0;overflow:hidden'><div style='position:fixed;top:0'>v</div></div>",
    "<div style='height:0;overflow:hidden'><div style='position:absolute'>v</div></div>",
    "<div style='height:0;overflow:hidden;min-height:20px'>v</div>",
    "<div style='height:0;overflow:hidden;padding-bottom:20px'>v</div>",
    "<div style='height:0;overflow:hidden;height:auto'>v</div>",
    "<table><td style='width:0;overflow:hidden'>v</table>",
    "<div style='text-indent:-9999px'><div style='text-indent:0'>v</div></div>",
    "<div style='position:absolute;left:-500px'><div style='position:absolute;left:500px'>v</div></div>",
    "<div style='margin-left:-5000px'><div style='margin-left:5000px'>v</div></div>",
    "<div style='margin-left:-5000px;padding-left:5000px'>v</div>",
    "<div style='text-indent:-9999px;text-align:right'>v</div>",
    "<div style='margin-left:-5000px' align=right>v</div>",
    "<div style='position:absolute;left:-2000px;width:2400px;text-align:right'>v</div>",
    "<div style='font-size:1px;transform:scale(16)'>v</div>", "<div style='font-size:1px;zoom:16'>v</div>",
    "<div style='display:contents;height:0;overflow:hidden'>v</div>",
  ])
  func whatIsForBoxes(_ html: String) { #expect(visible(html) == "v", "\(html)") }

  /// Letters are seen by what is drawn around them and behind them.
  @Test(arguments: [
    "<div style='color:transparent;text-shadow:0 0 0 #000'>v</div>",
    "<div style='text-shadow:0 0 1px #fff, 0 0 1px #000;color:#fff'>v</div>",
    "<div style='box-shadow:inset 0 0 0 999px #000;color:#fff'>v</div>",
    "<div style='color:#fff;-webkit-text-stroke:1px #000'>v</div>",
    "<div style='color:#fff;-webkit-text-stroke-color:#000'>v</div>",
    "<div style='-webkit-text-fill-color:#000;color:#fff'>v</div>",
    "<div style='background:linear-gradient(red,blue);-webkit-background-clip:text;color:transparent'>v</div>",
    "<div style='filter:invert(1);color:#fff'>v</div>",
    "<div style='mix-blend-mode:difference;color:#fff'>v</div>",
    "<svg><text fill='#000' style='color:#fff'>v</text></svg>",
    "<style>@keyframes s{to{opacity:1}}</style><div style='opacity:0;animation:s 1s forwards'>v</div>",
    "<div style='background:#000;color:#fff;background-image:none'>v</div>",
    "<div style='color:oklch(40% 0.2 30)'>v</div>",
  ])
  func whatIsDrawnAround(_ html: String) { #expect(visible(html) == "v", "\(html)") }

  /// What browsers obey hides.
  @Test(arguments: [
    ("<style>@media (min-width:1px){.h{display:none}}</style><p class=h>x</p>v", Reason.displayNone),
    (
      "<style>@media only screen and (min-width:600px){.h{display:none}}</style><p class=h>x</p>v",
      .displayNone
    ),
    ("<style>@media screen and (max-width:9999px){.h{display:none}}</style><p class=h>x</p>v", .displayNone),
    ("<style>@media (100px<width<=9999px){.h{display:none}}</style><p class=h>x</p>v", .displayNone),
    ("<style>@media not print{.h{display:none}}</style><p class=h>x</p>v", .displayNone),
    (
      "<style media=screen>@media all{@media screen{.h{display:none}}}</style><p class=h>x</p>v", .displayNone
    ),
    (
      "<style media='(min-width:1px)' type='TEXT/CSS'>.h{display:none}</style><p class=h>x</p>v", .displayNone
    ),
    (
      "<style>@supports (display:grid) and (not-known:x){.a{}} @supports (display:grid){.h{display:none}}</style><p class=h>x</p>v",
      .displayNone
    ),
    ("<style>@layer a{.h{display:none}}</style><p class=h>x</p>v", .displayNone),

    ("<style>p:first-child{display:none}</style><div><p>x</p><p>v</p></div>", .displayNone),
    ("<style>p:nth-child(2n){display:none}</style><div><p>v</p><p>x</p></div>", .displayNone),
    ("<style>p:nth-child( -n + 1 ){display:none}</style><div><p>x</p><p>v</p></div>", .displayNone),
    ("<style>.a + .t{display:none}</style><p class=a>v</p><p class=t>x</p>", .displayNone),
    ("<style>.a ~ .t{display:none}</style><p class=a></p><hr><p class=t>x</p>v", .displayNone),
    (
      "<style>.a+.b>i~u{display:none}</style><p class=a></p><p class=b><i></i><b></b><u>x</u></p>v",
      .displayNone
    ),
    ("<style>hr + p{display:none}</style><hr><p>x</p>v", .displayNone),
    (
      "<style>.a > .b .c{display:none}</style><div class=a><div class=b><div class=b><p class=c>x</div></div></div>v",
      .displayNone
    ),
    ("<style>p:not(.v){display:none}</style><p>x</p><p class=v>v</p>", .displayNone),
    ("<style>[class~=h]{display:none}</style><p class='a h'>x</p>v", .displayNone),
    ("<style>.h,.y:hover,a::before{display:none}</style><p class=h>x</p>v", .displayNone),
    ("<style>a:link{display:none}</style><a href=y>x</a>v", .displayNone),
    ("<b style='display:none;display:nonsense'>x</b>v", .displayNone),
    ("<b style='visibility:hidden;visibility:nonsense'>x</b>v", .visibilityHidden),
    ("<div style='filter:opacity(0)'>x</div>v", .zeroOpacity),
    ("<b style='filter:opacity(1%)'>x</b>v", .zeroOpacity),
    ("<div style='font-size:calc(0px)'>x</div>v", .zeroFont),
    ("<b style='font-size:calc(1px - 1px)'>x</b>v", .zeroFont),
    ("<b style='font-size:min(0px, 12px)'>x</b>v", .zeroFont),
    ("<b style='font-size:clamp(0px,0em,1px)'>x</b>v", .zeroFont),
    ("<b style='font-size:calc(0 * 16px)'>x</b>v", .zeroFont),
    ("<b style='font-size:.01vw'>x</b>v", .zeroFont),
    ("<b style='font-size:.1vw'>x</b>v", .tinyFont), ("<b style='font-size:0.06em'>x</b>v", .tinyFont),
    ("<div style='scale:0'>x</div>v", .zeroSize),
    ("<div style='transform:rotate(3deg) scale(0)'>x</div>v", .zeroSize),
    ("<div style='-webkit-transform:scale(0)'>x</div>v", .zeroSize),
    ("<span style='display:inline-block;width:0;overflow:hidden'>x</span>v", .zeroSize),
    ("<span style='float:left;width:0;overflow:hidden'>x</span>v", .zeroSize),
    (
      "<div style='position:relative;height:0;overflow:hidden'><p style='position:absolute'>x</div>v",
      .zeroSize
    ),
    ("<div style='color:rgba(0,0,0,0)'>x</div>v", .sameColour),
    ("<b style='color:hsla(0,0%,0%,0)'>x</b>v", .sameColour),
    ("<b style='color:#00000000'>x</b>v", .sameColour),
    ("<b style='-webkit-text-fill-color:transparent'>x</b>v", .sameColour),
    ("<b style='color:#fff;text-shadow:none'>x</b>v", .sameColour),
    ("<b style='color:#fff;text-shadow:1px 1px 1px #fff'>x</b>v", .sameColour),
    ("<table bgcolor=#336699><td><font color=#336699>x</font></table>v", .sameColour),
    ("<div style='background:#000;background:none;color:#fff'>x</div>v", .sameColour),
    ("<div style='position:absolute;right:-9999px'>x</div>v", .offScreen),
    ("<div style='position:absolute;inset:0 0 0 -9999px'>x</div>v", .offScreen),
    ("<span style='margin-left:-9999px'>x</span>v", .offScreen),
    ("<div style='position:absolute;left:-9999px'><div style='position:relative'>x</div></div>v", .offScreen),
  ])
  func whatIsObeyed(_ html: String, _ reason: Reason) {
    let reading = HTMLReader.read(Array(html.utf8))
    let hidden = reading.hidden.map { String(decoding: $0.octets, as: UTF8.self) }
    #expect(hidden == ["x"], "\(html): \(hidden)")
    #expect(reading.hidden.map(\.reason) == [reason], "\(html)")
    #expect(visible(html) == "v", "\(html)")
  }

  @Test func certaintyOfReasons() {
    #expect(Reason.displayNone.isCertain && Reason.zeroFont.isCertain && Reason.zeroOpacity.isCertain)
    #expect(!Reason.sameColour.isCertain && !Reason.offScreen.isCertain && !Reason.zeroSize.isCertain)
  }
}
