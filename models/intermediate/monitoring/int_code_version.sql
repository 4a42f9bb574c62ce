select code_version from {{ source('load', 'code_version') }}
