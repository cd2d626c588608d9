"""The one decision: may this number use this tool now? List, call, matrix, explain page and log all ask here."""
