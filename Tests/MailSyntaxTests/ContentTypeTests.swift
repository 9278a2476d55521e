import Bytes
import MailSyntax
import Testing

@Suite struct ContentTypeTests {
  private func read(_ text: String) -> String? {
    ContentType.parse(Array(text.utf8)[...]).map { type in
      ([type.name]
        + type.parameters.map { parameter in
          let marks = [parameter.charset, parameter.language].map { $0.map { "<\($0)>" } ?? "" }.joined()
          return "\(parameter.name)=\(marks)\(parameter.text)"
        }).joined(separator: "|")
    }
  }

  @Test func byTheBook() {
    #expect(read(" TEXT/Plain; Charset=\"UTF-8\"") == "text/plain|charset=UTF-8")
    #expect(read("text/plain; charset=us-ascii (Plain text)") == "text/plain|charset=us-ascii")
    #expect(read("a/b; x=\"\\\"q\\\\\\z\"") == "a/b|x=\"q\\z")
    #expect(read("a/b;\r\n\tx=1;\r\n y=2\r\n") == "a/b|x=1|y=2")
    #expect(read("attachment; filename=\"a;b=c\"") == "attachment|filename=a;b=c")
    #expect(read("a/b; x=\"\"") == "a/b|x=")
    #expect(read("") == nil && read("  ") == nil && read(";x=y") == nil)
  }

  @Test func asItIsMet() {
    #expect(read("a/b x=1; y=2") == "a/b|x=1|y=2")
    #expect(read("a/b; x=1 y=2") == "a/b|x=1|y=2")
    #expect(read("a/b, x=1") == "a/b|x=1")
    #expect(read("a/b; x=\"1\" y=\"2\"") == "a/b|x=1|y=2")
    #expect(
      read("attachment; filename=my file (1).txt; size=3") == "attachment|filename=my file (1).txt|size=3")
    #expect(read("a/b; x = 1 ; = 2; y") == "a/b|x=1")
    #expect(read("a/b; x=\"1") == "a/b|x=1")
    #expect(read("text/html>") == "text/html" && read("\"text/html\"") == "text/html")
    #expect(read("a/b; x=1; x=2") == "a/b|x=1|x=2")
    #expect(read("a/b; name==?utf-8?Q?a?= =?utf-8?Q?b?=") == "a/b|name==?utf-8?Q?a?= =?utf-8?Q?b?=")
    #expect(read("a/b; x=a(b)c") == "a/b|x=a(b)c")
    #expect(read("a/b; x=(c) d; y=\"1\" (e)") == "a/b|x=(c) d|y=1")
  }

  /// RFC 2231 and its deviations.
  @Test func valuesInPiecesAndInOtherCharsets() {
    #expect(read("a/b; n*=utf-8'de'f%C3%BCr") == "a/b|n=<utf-8><de>für")
    #expect(read("a/b; n*0=a; n*1=b; n*2=\"c d\"") == "a/b|n=abc d")
    #expect(read("a/b; n*0*=utf-8''%C3; n*1*=%BC; n*2=%20") == "a/b|n=<utf-8>ü%20")
    #expect(read("a/b; n*10=k; n*1=b; n*0=a; n*2=c") == "a/b|n=abck")
    #expect(read("a/b; n=plain; n*=utf-8''x") == "a/b|n=<utf-8>x|n=plain")
    #expect(read("a/b; n*0=a; n*0=z; n*1=b") == "a/b|n=ab")
    #expect(read("a/b; n*=plain%20") == "a/b|n=plain ")
    #expect(read("a/b; n*=\"utf-8''x%zz%4\"") == "a/b|n=<utf-8>x%zz%4")
    #expect(read("a/b; *=x; n*x=y; n*=''z") == "a/b|n*x=y|n=z")
    #expect(read("a/b; n*99999999999=x") == "a/b|n*99999999999=x")
  }

  @Test func whatManyParametersCostIsBounded() {
    let many = "a/b" + (0..<100_000).map { "; n*\($0)=x" }.joined()
    #expect(ContentType.parse(Array(many.utf8)[...])?["n"]?.value.count == 200)
    let names = "a/b" + (0..<100_000).map { "; n\($0)=x" }.joined()
    #expect(ContentType.parse(Array(names.utf8)[...])?.parameters.count == 200)
    for odd in ["(", "((((", "a/b; x=", "=", "\"", "\\", " ;", "a b ", "a/b; x=a ("] {
      let text = "a/b; " + String(repeating: odd, count: 100_000)
      #expect((ContentType.parse(Array(text.utf8)[...])?.parameters.count ?? 0) <= 200)
    }
  }
}
