import FoundationEssentials
import Strategies
import Testing
import Trading

struct StrategyModeTests {
    private let scalp: StrategyMode

    init() throws { scalp = try #require(StrategyRegistry.builtIn.mode("scalp")) }

    private func problems(_ config: String) throws -> [String: String] {
        let problems = scalp.validate(config: try JSONValue(text: config))
        return Dictionary(problems.map { ($0.field, $0.message) }) { "\($0) and \($1)" }
    }

    @Test(arguments: [nil, .null, .object([:])] as [JSONValue?])
    func `no configuration is all defaults`(config: JSONValue?) throws {
        #expect(scalp.validate(config: config).isEmpty)
        let text = try scalp.normalized(config: config).text
        #expect(
            text == #"{"catch_up":"warm","fast_period":9,"max_holding_candles":60,"quantity_step":"0.00001","#
                + #""quote_amount":"100","rsi_ceiling":"75","rsi_floor":"40","rsi_period":14,"slow_period":21,"#
                + #""stop_loss_percent":"0.5","take_profit_percent":"1"}"#
        )
    }

    @Test func `decimals are strings or numbers and become strings, integers are numbers`() throws {
        let config = try JSONValue(text: #"{"quote_amount":0.10,"stop_loss_percent":"0.250","fast_period":5.0}"#)
        guard case .object(let values) = try scalp.normalized(config: config) else {
            Issue.record("a configuration is an object")
            return
        }
        #expect(values["quote_amount"] == .string("0.1"))
        #expect(values["stop_loss_percent"] == .string("0.25"))
        #expect(values["fast_period"] == .number(5))
    }

    @Test func `what was normalised is accepted, and stays as it is`() throws {
        for mode in StrategyRegistry.builtIn.modeNames.compactMap({ StrategyRegistry.builtIn.mode($0) }) {
            let normal = try mode.normalized(config: .object(["catch_up": .string("act"), "quote_amount": .number(7)]))
            #expect(try mode.normalized(config: normal) == normal)
            #expect(try mode.make(config: normal).catchUp == .act)
        }
    }

    @Test func `every problem is reported at once, each with its field and what to do`() throws {
        let config = """
            {"fast_period": 30, "slow_period": 21, "rsi_period": "14", "rsi_floor": true, "rsi_ceiling": 101,
             "stop_loss_percent": "0", "take_profit_percent": "1e1", "max_holding_candles": 0.5, "quote_amount": 1.123456789,
             "quantity_step": null, "catch_up": "never", "fastPeriod": 9, "stop_los_percent": 1, "leverage": 20}
            """
        #expect(
            try problems(config) == [
                "config.fast_period": "must be less than slow_period (21)",
                "config.rsi_period": "must be a whole number, like 14",
                "config.rsi_floor": #"must be a decimal number, like "40""#,
                "config.rsi_ceiling": "must be at least 0 and at most 100",
                "config.stop_loss_percent": "must be greater than 0 and less than 100",
                "config.take_profit_percent":
                    #"must be a decimal number with at most 8 digits after the point, like "1""#,
                "config.max_holding_candles": "must be a whole number, like 60",
                "config.quote_amount": #"must be a decimal number with at most 8 digits after the point, like "100""#,
                "config.quantity_step": #"must be a decimal number, like "0.00001""#,
                "config.catch_up": #"must be one of "warm", "act""#,
                "config.fastPeriod": #"is not a parameter of this mode; did you mean "fast_period"?"#,
                "config.stop_los_percent": #"is not a parameter of this mode; did you mean "stop_loss_percent"?"#,
                "config.leverage": "is not a parameter of this mode; there are fast_period, slow_period, rsi_period, "
                    + "rsi_floor, rsi_ceiling, stop_loss_percent, take_profit_percent, max_holding_candles, quote_amount, "
                    + "quantity_step, catch_up",
            ]
        )
    }

    @Test func `relations are checked against defaults too, and not where a field is wrong by itself`() throws {
        #expect(try problems(#"{"fast_period": 21}"#) == ["config.fast_period": "must be less than slow_period (21)"])
        #expect(try problems(#"{"rsi_floor": "75"}"#) == ["config.rsi_floor": "must be less than rsi_ceiling (75)"])
        #expect(try problems(#"{"fast_period": 400, "slow_period": 0}"#).keys.sorted() == ["config.slow_period"])
    }

    @Test(arguments: [
        (#"{"fast_period":2,"slow_period":3}"#, true), (#"{"fast_period":1}"#, false),
        (#"{"slow_period":1000}"#, true), (#"{"slow_period":1001}"#, false), (#"{"slow_period":1e30}"#, false),
        (#"{"fast_period":-9}"#, false), (#"{"stop_loss_percent":"99.99999999"}"#, true),
        (#"{"stop_loss_percent":100}"#, false),
        (#"{"stop_loss_percent":0.00000001}"#, true), (#"{"quote_amount":"-1"}"#, false),
        (#"{"quote_amount":""}"#, false),
        (#"{"quote_amount":1000000000}"#, true), (#"{"quote_amount":"1000000000.01"}"#, false),
        (#"{"quote_amount":[]}"#, false),
        (#"{"quote_amount":{}}"#, false), (#"{"catch_up":"ACT"}"#, false), (#"{"catch_up":null}"#, false),
        ("[]", false),
        (#""scalp""#, false), ("7", false),
    ])
    func `bounds and kinds are kept`(config: String, isAccepted: Bool) throws {
        let value = try JSONValue(text: config)
        #expect(scalp.validate(config: value).isEmpty == isAccepted)
        if isAccepted {
            _ = try scalp.make(config: value)
        } else {
            #expect {
                try scalp.make(config: value)
            } throws: { error in
                let error = error as? StrategyError
                return error?.code == .invalidConfiguration && error?.problems == scalp.validate(config: value)
            }
        }
    }

    @Test func `a flood of nonsense is answered in reasonable time and size`() throws {
        let keys = (0..<200).map { (String(repeating: "x", count: 5_000) + "\($0)", JSONValue.null) }
        let problems = scalp.validate(config: .object(Dictionary(keys) { $1 }))
        #expect(problems.count == 200)
        #expect(problems.allSatisfy { $0.field.count < 100 && $0.message.count < 400 })
    }

    @Test(arguments: ["", "null", "[]", "{}", "{", #"{"parameters":1}"#, "\u{0}"])
    func `a state that cannot be read is an error that says so`(state: String) {
        #expect {
            try scalp.restore(config: nil, state: state)
        } throws: { error in
            (error as? StrategyError)?.code == .unreadableState
        }
    }

    @Test func `a state is JSON with sorted keys, and belongs to its mode`() throws {
        let state = try scalp.make(config: nil).state()
        #expect(try JSONValue(text: state).text == state)
        let breakout = try #require(StrategyRegistry.builtIn.mode("breakout"))
        #expect(throws: StrategyError.self) { try breakout.restore(config: nil, state: state) }
    }

    @Test func `the schema describes itself as JSON Schema`() throws {
        guard case .object(let schema) = scalp.schema.jsonSchema, case .object(let properties) = schema["properties"]
        else {
            Issue.record("a schema is an object with properties")
            return
        }
        #expect(schema["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
        #expect(schema["additionalProperties"] == .bool(false))
        #expect(Set(properties.keys) == Set(scalp.schema.fields.map(\.name)))
        #expect(
            properties["fast_period"]?.text
                == #"{"default":9,"description":"Period of the fast exponential moving average.","maximum":500,"#
                + #""minimum":2,"type":"integer","x-kind":"integer","x-order":0,"x-unit":"candles"}"#
        )
        #expect(
            properties["stop_loss_percent"]?.text
                == #"{"default":"0.5","description":"A position is closed when a candle closes this far below its entry "#
                + #"price, or farther.","exclusiveMaximum":100,"exclusiveMinimum":0,"#
                + #""pattern":"^[+-]?[0-9]+(\\.[0-9]{1,8}0*)?$","type":["string","number"],"x-kind":"percent","#
                + #""x-order":5,"x-unit":"%"}"#
        )
        #expect(
            properties["catch_up"]?.text
                == #"{"default":"warm","description":"What to do with candles that come late: warm only updates the "#
                + #"opinion, act trades on them.","enum":["warm","act"],"type":"string","x-kind":"choice","x-order":10}"#
        )
    }
}
