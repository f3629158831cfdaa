import Testing
import Trading

@testable import ExchangeSimulator

@Suite("Decimals with all their digits")
struct DecimalsTests {
    @Test(
        "are printed as Binance prints them",
        arguments: [
            ("0", "0.00000000"), ("1", "1.00000000"), ("0.00000001", "0.00000001"), ("-0.5", "-0.50000000"),
            ("77377.55", "77377.55000000"), ("184467440737.09551615", "184467440737.09551615"),
            ("-184467440737.09551615", "-184467440737.09551615"), ("184467440737.09551616", "184467440737.09551616"),
            ("-999999999999999999.00000010", "-999999999999999999.00000010"),
        ] as [(FixedDecimal, String)]
    )
    func padded(value: FixedDecimal, text: String) {
        #expect(value.padded == text)
    }
}
