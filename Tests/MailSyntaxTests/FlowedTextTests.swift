import MailSyntax
import Testing

@Suite struct FlowedTextTests {
  @Test func linesThatEndInASpaceGoOn() {
    #expect(FlowedText.joined("a \r\nb\r\nc\r\n") == "a b\nc\n")
    #expect(FlowedText.joined("a \nb \nc") == "a b c")
    #expect(FlowedText.joined("买 \n药\n", deletesSpaces: true) == "买药\n")
    #expect(
      FlowedText.joined("") == "" && FlowedText.joined("\n\n") == "\n\n" && FlowedText.joined("a ") == "a ")
  }

  @Test func quotesFlowAmongThemselves() {
    #expect(FlowedText.joined("> a \n> b\n>> c \n>> d\ne\n") == "> a b\n>> c d\ne\n")
    // A quote of another depth begins anew, though the line before it wanted to go on.
    #expect(FlowedText.joined("> a \nb\n") == "> a \nb\n")
    #expect(FlowedText.joined(">a\n> b\n") == "> a\n> b\n")
  }

  @Test func stuffedSpacesAreNotOfTheText() {
    #expect(FlowedText.joined(" >no quote\n From here\n  b\n") == ">no quote\nFrom here\n b\n")
  }

  @Test func aSignatureIsNoParagraph() {
    #expect(FlowedText.joined("a \n-- \nb\n") == "a \n-- \nb\n")
    #expect(FlowedText.joined("> a\n> -- \n> b\n") == "> a\n> -- \n> b\n")
  }

  @Test func theTypeSaysWhetherItFlows() {
    func type(_ text: String) -> ContentType? { ContentType.parse(Array(text.utf8)[...]) }
    #expect(type("text/plain; format=Flowed; DelSp=Yes")?.isFlowed == true)
    #expect(type("text/plain; format=Flowed; DelSp=Yes")?.deletesSpaces == true)
    #expect(type("text/plain; format=fixed")?.isFlowed == false && type("text/plain")?.deletesSpaces == false)
  }
}
