import Testing
import Trading

@testable import Exchanges

@Suite struct SigningTests {
    private static let credentials = try! BinanceCredentials(
        apiKey: "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        apiSecret: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    )

    @Test(
        arguments: [
            ("LTCBTC", "LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
            (
                "１２３４５６", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
                "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
            ),
        ])
    func `requests are signed as in the exchange's own examples`(symbol: String, sent: String, signature: String) {
        let query = SignedQuery([
            ("symbol", symbol), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "1"),
            ("price", "0.1"),
        ])
        let text = query.signed(
            at: Timestamp(milliseconds: 1_499_827_319_559),
            receiveWindow: 5_000,
            by: Self.credentials
        )
        #expect(
            text == "symbol=\(sent)&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
                + "&timestamp=1499827319559&signature=\(signature)"
        )
    }

    @Test func `a key is never shown`() {
        for text in [
            "\(Self.credentials)", String(reflecting: Self.credentials),
            "\(Mirror(reflecting: Self.credentials).children)",
        ] {
            #expect(!text.contains("vmPU") && !text.contains("NhqP"))
        }
        var dumped = ""
        dump(BinanceConfiguration(credentials: Self.credentials), to: &dumped)
        #expect(!dumped.contains("vmPU") && !dumped.contains("NhqP"))
    }

    @Test(arguments: ["", "a b", "a\n", "a\"b", "ä"]) func `what cannot be a key is refused`(text: String) {
        #expect(throws: ExchangeError.self) { try BinanceCredentials(apiKey: text, apiSecret: "secret") }
        #expect(throws: ExchangeError.self) { try BinanceCredentials(apiKey: "key", apiSecret: text) }
    }
}
