SELECT name FROM inference_experiments WHERE name = '{{ name }}'
