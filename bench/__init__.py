"""The yardstick: Tradewire and two floors measured side by side on the same engines, in interleaved rounds."""
