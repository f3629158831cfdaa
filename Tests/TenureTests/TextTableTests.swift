import Testing
import Trading

@testable import tenure

struct TextTableTests {
    @Test("columns are as wide as their widest cell, numbers stand to the right, nothing trails")
    func layout() {
        var table = TextTable(["ID", "NAME", "LOAD"])
        table.add(["7", "a", "12"])
        table.add(["12", "replica-2", "–"])
        #expect(
            table.text == """
                ID  NAME       LOAD
                 7  a            12
                12  replica-2     –
                """
        )
        #expect(TextTable(["ID", "NAME"]).text == "ID  NAME")
    }

    @Test("on a narrow terminal a table leaves out what one can do without, then cuts long texts, never numbers")
    func narrow() {
        var table = TextTable(["ID", "EPOCH", "REASON"])
        table.add(["123456", "7", "because it was asked for"])
        #expect(table.text(width: 100, style: .plain).split(separator: "\n")[0] == "    ID  EPOCH  REASON")
        #expect(
            table.text(width: 24, style: .plain) == """
                    ID  REASON
                123456  because it was …
                """
        )
        #expect(table.text(width: 5, style: .plain).split(separator: "\n")[1] == "123456  because it …")
    }

    @Test("orphaned strategies are pointed out below the table")
    func orphans() throws {
        let answer = try JSONValue(
            text: """
                {"items":[{"id":1,"symbol":"BTCUSDT","status":"running","owner":{"id":3,"name":"a"}},
                {"id":2,"symbol":"ETHUSDT","status":"orphaned","owner":null}]}
                """
        )
        let lines = StatusCommand.text(answer).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5)
        #expect(lines[1].contains("BTCUSDT") && lines[1].contains("a (3)"))
        #expect(lines[2].contains("orphaned"))
        #expect(lines[4].hasPrefix("1 orphaned:"))
    }

    @Test("an address without a scheme is refused, a slash at the end is none")
    func addresses() {
        #expect(APIClient(url: "127.0.0.1:8080") == nil)
        #expect(APIClient(url: "http://") == nil)
        #expect(APIClient(url: "https://tenure.example.com/")?.url == "https://tenure.example.com")
    }
}
